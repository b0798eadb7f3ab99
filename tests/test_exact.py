"""The exact gradient against brute-force joint enumeration, finite differences, closed forms, and itself at width."""

import itertools

import pytest
import torch

from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import Toy, vector
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sum.cost import exact_cost, require_exact
from straightedge.estimators.sum.expectation import exact_gradient, exact_gradients, exact_loss, exact_losses
from straightedge.estimators.sum.kronecker import Space, kronecker
from straightedge.estimators.sum.reference import References, Values, grouping, references
from straightedge.estimators.sum.stack import Stack
from straightedge.estimators.sum.state import enumerate_states
from straightedge.estimators.sum.transfer import Blocked, split
from straightedge.estimators.sum.whole import tables

pytestmark = pytest.mark.exact


def joint(network: Network) -> torch.Tensor:
    """The expected loss by enumeration of all joint states: what this package never does, and what it must equal."""
    total = 0.0
    for bits in itertools.product((0.0, 1.0), repeat=sum(network.widths)):
        x, chance = network.inputs, 1.0
        for (weight, bias), own in zip(network.layers, torch.tensor(bits).double().split(list(network.widths)), strict=False):
            p = network.noise.cdf(x @ weight.T + bias)
            chance = chance * (own * p + (1 - own) * (1 - p)).prod(-1)
            x = (network.states[0] + network.span * own).expand(len(network.inputs), -1)
        z = x @ network.layers[-1][0].T + network.layers[-1][1] if network.outputs else x
        total = total + chance * network.loss(z, network.coefficients)
    return total.mean()


def joint_by_layers(network: Network) -> torch.Tensor:
    """The expected loss by transfer matrices formed whole, for states in {-1, +1}."""
    below, rows = network.inputs, None
    for (weight, bias), width in zip(network.layers, network.widths, strict=False):
        a = below @ weight.T + bias
        table = kronecker(network.noise.cdf(torch.stack((-a, a), 2))).table
        rows = table if rows is None else rows @ table
        below = 2 * enumerate_states(torch.arange(2**width), width, network.theta) - 1
    phi = network.loss.features(below @ network.layers[-1][0].T + network.layers[-1][1])
    return ((rows @ phi) * network.coefficients).sum(1).mean()


def chain(widths, loss, noise="logistic", states=SIGNS, seed=0, points=4):
    rng = torch.Generator().manual_seed(seed)
    outputs = {CrossEntropy: 3, LogisticLoss: 1, SquaredError: 2}.get(type(loss), 0)
    sizes = (2, *widths, *([outputs] if outputs else []))
    weights = [torch.randn(o, i, generator=rng, dtype=torch.float64) for i, o in itertools.pairwise(sizes)]
    biases = [0.5 * torch.randn(o, generator=rng, dtype=torch.float64) for o in sizes[1:]]
    inputs = torch.randn(points, 2, generator=rng, dtype=torch.float64)
    labels = {CrossEntropy: torch.arange(points) % 3, LogisticLoss: 1 - 2 * (torch.arange(points) % 2),
              SquaredError: torch.randn(points, 2, generator=rng, dtype=torch.float64)}.get(type(loss), torch.zeros(points))
    return Network.of(weights, biases, inputs, labels, loss, NOISES[noise], states)


LOSSES = [CrossEntropy(), LogisticLoss(), SquaredError(), StateFunction(lambda x: (x.sum(-1) - 0.3).pow(3))]


@pytest.mark.wide
@pytest.mark.parametrize("states", [SIGNS, BITS])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_against_joint_enumeration(loss, noise, states):
    network = chain((3, 1, 4), loss, noise, states)
    theta = network.theta.clone().requires_grad_()
    want, = torch.autograd.grad(joint(network.at(theta)), theta)
    torch.testing.assert_close(exact_loss(network), joint(network), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(exact_gradient(network), want, rtol=1e-10, atol=1e-13)
    assert (exact_gradient(network.at(network.theta * 1.001)) - want).abs().max() > 1e-8  # the comparison can fail


def test_against_finite_differences():
    network, step = chain((4, 3), CrossEntropy()), 1e-5
    gradient = exact_gradient(network)
    for index in range(0, len(network.theta), 3):
        moved = torch.zeros_like(network.theta)
        moved[index] = step
        numeric = (exact_loss(network.at(network.theta + moved)) - exact_loss(network.at(network.theta - moved))) / (2 * step)
        assert float(numeric) == pytest.approx(float(gradient[index]), rel=1e-6, abs=1e-10)


def test_one_layer_is_the_density_times_a_difference():
    """d E f / d a_i = F'(a_i) (E[f | x_i = hi] - E[f | x_i = lo])."""
    logits = torch.tensor([0.4, -1.2, 0.9], dtype=torch.float64)
    network = vector(logits, lambda x: x.prod(-1) + x[..., 0].square() * x[..., 1], "normal")
    states = 2 * enumerate_states(torch.arange(8), 3, logits) - 1
    p = network.noise.cdf(logits)
    for unit in range(3):
        others = torch.where(states > 0, p, 1 - p)
        others[:, unit] = 1.0
        signed = network.loss.function(states) * others.prod(1) * states[:, unit]
        assert float(network.noise.density(logits)[unit] * signed.sum()) == pytest.approx(float(exact_gradient(network)[unit]), rel=1e-12)


def test_the_toy_in_closed_form():
    """E (b - t)^2 has derivative s(a) s(-a) (1 - 2 t)."""
    gradient = exact_gradient(Toy(target=0.45, units=2, logit=0.3).build())
    p = torch.sigmoid(torch.tensor(0.3)).double()
    torch.testing.assert_close(gradient, (p * (1 - p) * 0.1 / 2).expand(2), rtol=1e-7, atol=0)


@pytest.mark.parametrize("block", [64, 1 << 10, 1 << 24])
def test_blocks_do_not_change_the_gradient(block, monkeypatch):
    network = chain((7, 6, 7), CrossEntropy())
    whole = exact_gradient(network)
    monkeypatch.setattr("straightedge.estimators.sum.transfer.BLOCK_BYTES", block)
    monkeypatch.setattr("straightedge.estimators.sum.expectation.WHOLE_BYTES", 0)
    torch.testing.assert_close(exact_gradient(network), whole, rtol=1e-11, atol=1e-15)
    torch.testing.assert_close(exact_loss(network.at(2 * network.theta)), joint_by_layers(network.at(2 * network.theta)))


def test_deep_and_wide_agree_with_a_chain_of_dense_transfers():
    """2^70 and 2^27 joint states, held against transfer matrices formed whole."""
    for widths in ((5,) * 14, (9, 9, 9)):
        network = chain(widths, CrossEntropy())
        theta = network.theta.clone().requires_grad_()
        want, = torch.autograd.grad(joint_by_layers(network.at(theta)), theta)
        torch.testing.assert_close(exact_gradient(network), want, rtol=1e-8, atol=1e-12)


def test_saturated_units_keep_their_precision():
    """P(x = lo) = F(-a) is far below rounding of 1 - F(a); the gradient must still be right: here f = [x = lo]."""
    logits = torch.tensor([60.0], dtype=torch.float64)
    gradient = exact_gradient(vector(logits, lambda x: (x[..., 0] < 0).double()))
    assert float(gradient[0]) == pytest.approx(-float(torch.sigmoid(-logits)[0]), rel=1e-12)


def test_too_wide_is_refused_before_it_starts():
    network = Points((40, 3), points=3).build()
    with pytest.raises(Unsuitable, match=r"40-3.*GiB.*units would fit"):
        exact_gradient(network)
    small = Points((12, 12), points=3).build()
    with pytest.raises(Unsuitable, match="12-12") as refusal:
        require_exact(small, budget=80 << 20 if exact_cost(small).bytes > 80 << 20 else exact_cost(small).bytes - 1)
    fits = int(str(refusal.value).split("up to ")[1].split()[0])
    assert exact_cost(small, fits).bytes < exact_cost(small).bytes <= exact_cost(small, fits + 1).bytes
    assert exact_cost(small).states == 24


def test_float32_and_the_order_of_halves():
    network = Points((6, 5), points=20).build()
    narrow = network.to("cpu", torch.float32)
    torch.testing.assert_close(exact_gradient(narrow).double(), exact_gradient(network), rtol=1e-3, atol=1e-6)
    for width in range(1, 9):
        for features in (1, 2, 10, 300):
            first, second = split(width, features)
            assert first + second == width and first >= second >= 0


def saturated(seed: int, points: int = 6) -> Network:
    """One shape, some units certain; every network with states and references of its own."""
    network = chain((3, 2, 3), SquaredError(), seed=seed, points=points)
    return network.at(network.theta * (1 + 4 * (seed % 3)))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pullbacks_are_derivatives_of_the_transfer(seed):
    """Both ways of the transfer, with one reference and with more, against autograd through its definition."""
    network = saturated(seed)
    rng = torch.Generator().manual_seed(seed)
    a = torch.nn.functional.linear(network.inputs, *network.layers[0]).T[None].contiguous()
    tail, c = torch.randn(1, 2, 8, generator=rng, dtype=torch.float64), torch.randn(1, 2, 6, generator=rng, dtype=torch.float64)
    for among in (*references([a], network.noise), References(torch.tensor([[0, 1, 4]]), torch.tensor([[2, 5, 7]]))):
        group = grouping(among, network.noise, a)
        live, above = a.clone().requires_grad_(), tail.clone().requires_grad_()
        chances = kronecker(network.noise.cdf(torch.stack((-live[0].T, live[0].T), 2))).table
        reference = among.states[0, torch.zeros(6, dtype=torch.long) if group is None else group[0]]
        found = (above[0] @ chances.T - tail[0][:, reference])[None]
        want = torch.autograd.grad((found * c).sum(), (live, above))
        for transfer in (Blocked(a, network.noise, Space(a)), *tables([a], network.noise, 2)):
            values, pullback = transfer(Values(tail), among, group)
            torch.testing.assert_close(values, found.detach(), rtol=1e-12, atol=1e-14)
            for own, right in zip(pullback(c), want, strict=True):
                torch.testing.assert_close(own, right, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("size", [1, 0, 1 << 30])
def test_networks_of_one_shape_in_one_pass(size, monkeypatch):
    """The same numbers as one after the other: in passes of some, of one, and of all networks."""
    networks = [saturated(seed) for seed in range(9)]
    assert len({tuple(len(part.states) for part in references([a[0] for a in activations(one)], one.noise)) for one in networks}) > 1
    gradients, losses = (torch.stack([call(one) for one in networks]) for call in (exact_gradient, exact_loss))
    monkeypatch.setattr("straightedge.estimators.sum.expectation.WHOLE_BYTES", 5000 if size == 1 else size)
    torch.testing.assert_close(exact_gradients(networks), gradients, rtol=1e-10, atol=1e-300)
    torch.testing.assert_close(exact_losses(networks), losses, rtol=1e-13, atol=0)
    assert (exact_gradients(networks[::-1]) - gradients).abs().max() > 0.1  # the comparison can fail


def activations(network: Network) -> list[torch.Tensor]:
    """[1, n, s] of every layer."""
    return Stack.of([network], network).activations()


def test_networks_of_other_shapes_are_refused():
    first = chain((3, 2), CrossEntropy())
    for other in (chain((2, 3), CrossEntropy()), chain((3, 2), CrossEntropy(), points=5), chain((3, 2), CrossEntropy(), "normal"),
                  chain((3, 2), SquaredError()), chain((3, 2), CrossEntropy(), states=BITS)):
        with pytest.raises(InputError, match="of one shape"):
            exact_gradients([first, other])
