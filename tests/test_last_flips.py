"""Last flips: by hand on two layers, exact in the last one, straight-through where it should be; AdaSTE and local reparameterisation."""

import pytest
import torch
from enumeration import polynomial, vector

from straightedge.analysis.check.ladder import layered
from straightedge.analysis.problem.binary_weights import BinaryWeights
from straightedge.estimators.adaste import Adaste
from straightedge.estimators.last_flips import LastFlips
from straightedge.estimators.local_reparameterization import LocalReparameterization
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.loss import CrossEntropy, SquaredError, StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.zgr import Zgr


def rows(estimator, network, n=7, seed=0):
    return estimator(network, n, torch.Generator().manual_seed(seed))


@pytest.mark.exact
@pytest.mark.parametrize("g, h", ((0.0, 1.0), (1.0, 1.0), (0.3, 0.4)))
def test_by_hand(g, h):
    """One point, two layers, logistic units in {-1, +1}: the formula, written with nothing of the package."""
    network = layered((2, 3, 2, 3), CrossEntropy(), [1])
    (w0, b0), (w1, b1), (w2, b2) = [(w.clone(), b.clone()) for w, b in network.layers]
    rng, found = torch.Generator().manual_seed(3), rows(LastFlips(g, h), network, 1, 3)[0]
    u0, u1 = (torch.rand(1, 1, width, generator=rng, dtype=torch.float64)[0, 0] for width in (3, 2))

    def state(a, u):
        return torch.where(u < torch.sigmoid(a), 1.0, -1.0).double()

    def loss(x):
        return -torch.log_softmax(w2 @ x + b2, 0)[1]

    x, a0 = network.inputs[0], w0 @ network.inputs[0] + b0
    y0, s = state(a0, u0), torch.sigmoid
    a1 = w1 @ y0 + b1
    y1 = state(a1, u1)
    d1 = []
    for unit in range(2):
        high, low = y1.clone(), y1.clone()
        high[unit], low[unit] = 1, -1
        d1.append(s(a1[unit]) * s(-a1[unit]) * (loss(high) - loss(low)))
    d1 = torch.stack(d1)
    own, other = s(y0 * a0), s(-y0 * a0)
    factor = 2 * 0.25 ** (1 - g) * (s(a0) * s(-a0)) ** g * own**h / (own**h + other**h) / own
    d0 = factor * (w1.T @ d1)
    d2 = torch.softmax(w2 @ y1 + b2, 0) - torch.nn.functional.one_hot(torch.tensor(1), 3)
    truth = torch.cat([torch.cat((torch.outer(d, below).reshape(-1), d)) for d, below in ((d0, x), (d1, y0), (d2, y1))])
    torch.testing.assert_close(found, truth, rtol=1e-12, atol=1e-14)


@pytest.mark.exact
def test_only_the_last_layer_differs_from_the_rule():
    """With a loss linear in the last layer its flips are the slope: straight-through and ZGR with the same uniforms, elsewhere equal."""
    network = layered((2, 3, 3), StateFunction(lambda x: x @ x.new_tensor((1.0, -0.7, 0.4))), [0, 0])
    below = network.groups["layer0"]
    torch.testing.assert_close(rows(LastFlips(1.0, 1.0), network), rows(StraightThrough(), network), rtol=1e-10, atol=1e-12)
    zgr, mine = rows(Zgr(), network)[:, below], rows(LastFlips(1.0, 0.0), network)[:, below]
    assert (zgr - mine).abs().max() > 1e-3, "ZGR's own last layer weighs by 1 / P, the flips do not"
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        LastFlips(g=-1.0)


@pytest.mark.exact
def test_adaste_by_hand():
    """The three cases of the published code, and what lies below delta."""
    theta = torch.tensor((3.0, 3.0, -0.4, 1e-7, -5.0), dtype=torch.float64)
    slope = torch.tensor((1.5, -1.5, -2.0, -0.7, -1.0), dtype=torch.float64)
    network = vector(lambda x: x @ slope, logits=tuple((theta / 0.6).tolist()))
    found = rows(Adaste(), network, 3)
    torch.testing.assert_close(found, torch.tensor((1.5 / 3, 0.0, -2.0 * 0.5, -0.7, -1.0 / 5)).double().expand(3, -1))
    with pytest.raises(Unsuitable, match="one vector of units without input"):
        Adaste().check(layered((2, 3, 1), SquaredError(), [[1.0]]))
    with pytest.raises(InputError, match="delta"):
        Adaste(delta=0.0)


def weights(inputs: int, noise: torch.Tensor | None = None) -> Network:
    """One layer of inputs + 1 weights on four data points, squared error."""
    rng = torch.Generator().manual_seed(inputs)
    x, y = (torch.randn(4, size, generator=rng, dtype=torch.float64) for size in (inputs, 1))
    return BinaryWeights(x, y, SquaredError(), (), 1).network(torch.randn(inputs + 1, generator=rng, dtype=torch.float64))


@pytest.mark.sampled
def test_local_reparameterisation_has_the_right_mean_of_a_quadratic():
    """E (z - y)^2 holds only mean and variance of z, which are right: 40 000 rows, 4.5 standard errors in each of 7 coordinates (false
    alarm 5e-5), and a bias of 5 % of the largest would be seen."""
    network = weights(6)
    found, truth = rows(LocalReparameterization(), network, 40_000), exact_gradient(network)
    error = found.std(0) / len(found) ** 0.5
    assert ((found.mean(0) - truth).abs() < 4.5 * error).all()
    assert (10 * error < truth.abs().max()).all()


@pytest.mark.sampled
def test_local_reparameterisation_by_hand():
    """Two layers: the rows of the formula, written with its own loop, have the same mean and variance (4.5 standard errors, 9 weights)."""
    rng = torch.Generator().manual_seed(5)
    x, y = torch.randn(3, 1, generator=rng, dtype=torch.float64), torch.randn(3, 1, generator=rng, dtype=torch.float64)
    theta = torch.randn(7, generator=rng, dtype=torch.float64)
    network = BinaryWeights(x, y, SquaredError(), (2,), 1).network(theta)
    own = []
    for _ in range(3000):
        latent = theta.clone().requires_grad_()
        mean, variance = 2 * torch.sigmoid(latent) - 1, 4 * torch.sigmoid(latent) * torch.sigmoid(-latent)
        total = 0.0
        for point in range(3):
            one = torch.cat((x[point], torch.ones(1).double()))
            hidden = [mean[2 * unit:2 * unit + 2] @ one / 2**0.5
                      + (variance[2 * unit:2 * unit + 2] @ one**2 / 2).sqrt() * torch.randn((), generator=rng, dtype=torch.float64)
                      for unit in range(2)]
            h = torch.cat((torch.stack(hidden).tanh(), torch.ones(1).double()))
            z = mean[4:] @ h / 3**0.5 + (variance[4:] @ h**2 / 3).sqrt() * torch.randn((), generator=rng, dtype=torch.float64)
            total = total + (z - y[point]) ** 2
        own.append(torch.autograd.grad(total.sum() / 3, latent)[0])
    own, found = torch.stack(own), rows(LocalReparameterization(), network, 30_000)
    for power in (1, 2):
        a, b = own**power, found**power
        error = (a.var(0) / len(a) + b.var(0) / len(b)).sqrt()
        assert ((a.mean(0) - b.mean(0)).abs() < 4.5 * error).all()


@pytest.mark.exact
def test_local_reparameterisation_needs_layers():
    with pytest.raises(Unsuitable, match="layered network of real units"):
        LocalReparameterization().check(vector(polynomial(2)))
