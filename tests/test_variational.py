"""The exact ELBO of an autoencoder of images against sums over codes in numpy and finite differences; every estimator has the exact
derivative of log q."""

from itertools import product

import numpy as np
import pytest
import torch

from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.pixel import Pixels
from straightedge.estimators.sum import variational
from straightedge.estimators.sum.truth import exact_gradient, exact_loss, require_exact
from straightedge.estimators.sum.variational import Variational
from straightedge.experiments.vae import ESTIMATORS

pytestmark = pytest.mark.exact


def autoencoder(noise="logistic", states=SIGNS, width=4, pixels=6, points=5, kind=Variational):
    rng = torch.Generator().manual_seed(3)

    def normal(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    images = torch.randint(0, 2, (points, pixels), generator=rng).double()
    return kind.of([normal(width, pixels), normal(pixels, width)], [normal(width), normal(pixels)], images - 0.4, images, Pixels(),
                   NOISES[noise], states)


def brute(network, theta=None):
    """The mean over images of sum_x q(x) (log q(x) - log P(x) - log P(y | x)), code by code and pixel by pixel, in numpy."""
    theta = (network.theta if theta is None else theta).numpy()
    (o, i), (m, _) = network.shapes
    w, b, v, c = np.split(theta, np.cumsum([o * i, o, m * o]))
    w, v, total = w.reshape(o, i), v.reshape(m, o), 0.0
    for x, y in zip(network.inputs.numpy(), network.labels.numpy(), strict=True):
        upper = network.noise.cdf(torch.as_tensor(w @ x + b)).numpy()
        for bits in product((0, 1), repeat=o):
            q = np.prod([p if bit else 1 - p for p, bit in zip(upper, bits, strict=True)])
            z = v @ (network.states[0] + network.span * np.array(bits)) + c
            shown = 1 / (1 + np.exp(-z))
            likelihood = sum(np.log(p if pixel else 1 - p) for p, pixel in zip(shown, y, strict=True))
            total += q * (np.log(q) + o * np.log(2) - likelihood) if q > 0 else 0.0
    return total / len(network.inputs)


@pytest.mark.parametrize("states", (SIGNS, BITS))
@pytest.mark.parametrize("noise", ("logistic", "normal"))
def test_loss_and_gradient(noise, states):
    """Central differences of step 1e-5 err by its square, and by rounding of about 1e-10."""
    network = autoencoder(noise, states)
    assert float(exact_loss(network)) == pytest.approx(brute(network), rel=1e-12)
    found = exact_gradient(network)
    for place in range(0, len(found), 3):
        step = torch.zeros_like(found)
        step[place] = 1e-5
        slope = (brute(network, network.theta + step) - brute(network, network.theta - step)) / 2e-5
        assert float(found[place]) == pytest.approx(slope, rel=1e-6, abs=1e-9)
    assert brute(network) != pytest.approx(float(exact_loss(network) - variational.divergence(network).mean()), rel=1e-3)


def test_many_blocks(monkeypatch):
    network = autoencoder()
    once = exact_gradient(network)
    monkeypatch.setattr(variational, "BLOCK", 3)
    torch.testing.assert_close(exact_gradient(network), once, rtol=1e-12, atol=1e-12)


def test_certain_units_have_a_finite_divergence():
    network = autoencoder()
    far = network.at(1000 * network.theta)
    assert bool(torch.isfinite(exact_gradient(far)).all())
    assert float(variational.divergence(far).max()) == pytest.approx(4 * np.log(2), rel=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_every_estimate_has_the_derivative_of_log_q(estimator):
    """The rows of the same weights without the divergence, and its derivative, by automatic differentiation."""
    network, plain = autoencoder(), autoencoder(kind=Network)
    theta = network.theta.clone().requires_grad_()
    own, = torch.autograd.grad(variational.divergence(network.at(theta)).mean(), theta)
    whole, part = (estimator(one, 3, torch.Generator().manual_seed(1)) for one in (network, plain))
    torch.testing.assert_close(whole - part, own.expand(3, -1), rtol=1e-9, atol=1e-11)
    assert float(own.norm()) > 0.1


@pytest.mark.parametrize("spelled", ("reinforce:baseline=leave_one_out,samples=2", "disarm", "arm", "arms", "rodeo"))
def test_unbiased_estimators_are_so_for_the_elbo(spelled):
    """20 000 rows, 58 coordinates, 5.5 standard errors: one false alarm in 400 000; rows scaled by 0.9 are outside."""
    network = autoencoder()
    rows = estimator_of(spelled)(network, 20_000, torch.Generator().manual_seed(1)).detach()
    truth = exact_gradient(network)

    def score(drawn):
        return float(((drawn.mean(0) - truth).abs() / (drawn.std(0) / len(drawn) ** 0.5 + 1e-9)).max())

    assert score(rows) < 5.5 < score(0.9 * rows)


@pytest.mark.parametrize("name", ("reinforce", "arm", "disarm", "local_expectation", "straight_through", "zgr"))
def test_moments_by_layers_are_refused(name):
    with pytest.raises(Unsuitable):
        exact_moments(estimator_of(name), autoencoder())


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="0 or 1, got values from 0 to 2"):
        network = autoencoder()
        Variational.of(*zip(*network.layers, strict=True), network.inputs, 2 * network.labels, Pixels())
    with pytest.raises(InputError, match="one Bernoulli layer under pixels"):
        Variational(network.theta, network.inputs, network.labels, (4, 4), Pixels(), 6)
    with pytest.raises(Unsuitable, match="24 bits at most"):
        require_exact(autoencoder(width=25))
