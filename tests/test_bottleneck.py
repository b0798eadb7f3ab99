"""The exact loss of the autoencoder of counts against sums over codes written out, and its gradient against finite differences."""

from itertools import product

import pytest
import torch

from straightedge.estimators.network.count import Multinomial
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sum import bottleneck, expectation
from straightedge.estimators.sum.truth import exact_gradient, exact_loss

pytestmark = pytest.mark.exact


def autoencoder(noise="logistic", states=(-1.0, 1.0), width=4, words=7, points=5, kind=bottleneck.Bottleneck):
    rng = torch.Generator().manual_seed(3)

    def normal(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    counts = torch.randint(0, 4, (points, words), generator=rng).double()
    return kind.of([normal(width, words), normal(words, width)], [normal(width), normal(words)], counts.log1p(), counts,
                   Multinomial(), NOISES[noise], states)


def brute(network):
    """The mean over documents of sum_x P(x) (-sum_v y_v log softmax(z)_v), code by code."""
    (below, offset), (weight, bias) = network.layers
    total = 0.0
    for x, y in zip(network.inputs, network.labels, strict=True):
        upper = network.noise.cdf(below @ x + offset)
        for bits in product((0, 1), repeat=len(upper)):
            code = torch.tensor(bits, dtype=torch.float64)
            probability = torch.where(code > 0, upper, 1 - upper).prod()
            z = weight @ (network.states[0] + network.span * code) + bias
            total = total - probability * (y * (z - z.exp().sum().log())).sum()
    return total / len(network.inputs)


@pytest.mark.parametrize("states", ((-1.0, 1.0), (0.0, 1.0)))
@pytest.mark.parametrize("noise", ("logistic", "normal", "triangular"))
def test_loss_and_gradient(noise, states):
    network = autoencoder(noise, states)
    assert float(exact_loss(network)) == pytest.approx(float(brute(network)), rel=1e-12)
    theta = network.theta.clone().requires_grad_()
    truth, = torch.autograd.grad(brute(network.at(theta)), theta)
    torch.testing.assert_close(exact_gradient(network), truth, rtol=1e-10, atol=1e-10)


def test_finite_differences():
    """Central differences of step 1e-5 err by its square, and by rounding of about 1e-10."""
    network = autoencoder()
    direction = torch.randn(len(network.theta), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ahead, behind = (float(exact_loss(network.at(network.theta + step * direction))) for step in (1e-5, -1e-5))
    assert (ahead - behind) / 2e-5 == pytest.approx(float(exact_gradient(network) @ direction), rel=1e-7)


def test_many_blocks(monkeypatch):
    network = autoencoder()
    once = exact_gradient(network)
    monkeypatch.setattr(bottleneck, "BLOCK", 3)
    torch.testing.assert_close(exact_gradient(network), once, rtol=1e-12, atol=1e-12)


def test_engine_agrees():
    """The chain's own engine, one column a word, on the same weights."""
    torch.testing.assert_close(exact_gradient(autoencoder(width=6)), expectation.exact_gradient(autoencoder(width=6, kind=Network)),
                               rtol=1e-9, atol=1e-9)


def test_a_broken_factor_is_seen(monkeypatch):
    network = autoencoder()
    monkeypatch.setattr(bottleneck, "log_partition", lambda net: torch.logsumexp(net.output(bottleneck.state_table(net, 0)), -1) * 1.001)
    assert float(exact_loss(network)) != pytest.approx(float(brute(network)), rel=1e-6)


def test_what_does_not_fit_is_refused():
    network = autoencoder()
    with pytest.raises(InputError, match="one Bernoulli layer under a multinomial"):
        bottleneck.Bottleneck(network.theta, network.inputs, network.labels, (4,), LOSSES["cross_entropy"], 7)
    for value, words in ((-1.0, "from -1"), (0.5, "whole numbers")):
        labels = network.labels.clone()
        labels[0, 0] = value
        with pytest.raises(InputError, match=words):
            bottleneck.Bottleneck.of(*zip(*network.layers, strict=True), network.inputs, labels, Multinomial())
