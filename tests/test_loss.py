"""Losses against torch's own, and the labels that do not fit."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from straightedge.estimators.disarm import Disarm
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import LOSSES, CrossEntropy, LabelError, LogisticLoss, Loss, SquaredError, StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.unit

RNG = torch.Generator().manual_seed(0)
Z = 3 * torch.randn(4, 7, 3, generator=RNG, dtype=torch.float64)


def test_cross_entropy():
    y = torch.tensor([0, 1, 2, 0, 1, 2, 2])
    loss = CrossEntropy()
    got = loss(Z, loss.coefficients(y, Z))
    want = F.cross_entropy(Z.flatten(0, 1), y.repeat(4), reduction="none").view(4, 7)
    torch.testing.assert_close(got, want, rtol=1e-13, atol=0)


def test_logistic():
    y = torch.tensor([1, -1, 1, 1, -1, -1, 1])
    z, loss = Z[..., :1], LogisticLoss()
    want = F.softplus(-(y * z[..., 0]), threshold=100)
    torch.testing.assert_close(loss(z, loss.coefficients(y, z)), want, rtol=1e-13, atol=0)
    far = torch.tensor([[-800.0], [800.0]], dtype=torch.float64)
    torch.testing.assert_close(loss(far, loss.coefficients(torch.tensor([1, 1]), far)), torch.tensor([800.0, 0.0]).double())


def test_squared_error():
    y = torch.randn(7, 3, generator=RNG, dtype=torch.float64)
    loss = SquaredError()
    torch.testing.assert_close(loss(Z, loss.coefficients(y, Z)), (Z - y).square().sum(-1), rtol=1e-12, atol=1e-12)


def test_state_function():
    loss = StateFunction(lambda x: x.prod(-1))
    torch.testing.assert_close(loss(Z, loss.coefficients(torch.zeros(7), Z)), Z.prod(-1))


@pytest.mark.parametrize(("name", "labels", "outputs"), [
    ("cross_entropy", torch.tensor([0, 3]), 3), ("cross_entropy", torch.tensor([0.5, 1.0]), 3), ("cross_entropy", torch.zeros(2, 2), 3),
    ("logistic", torch.tensor([0, 1]), 1), ("logistic", torch.tensor([1, -1]), 2), ("squared_error", torch.zeros(2, 2), 3)])
def test_labels_that_do_not_fit(name, labels, outputs):
    with pytest.raises(LabelError, match="label|output"):
        LOSSES[name].coefficients(labels, torch.zeros(0, outputs, dtype=torch.float64))


def around(level: float, targets: float, dtype=torch.float64) -> Network:
    """Outputs around `level`, targets around `targets`: the same network but for what is added to both."""
    rng = torch.Generator().manual_seed(4)
    draw = lambda *shape: torch.randn(*shape, generator=rng, dtype=torch.float64)  # noqa: E731
    weights, biases, inputs = [draw(3, 2), draw(2, 3), draw(2, 2)], [draw(3), draw(2), level + draw(2)], draw(3, 2)
    network = Network.of(weights, biases, inputs, targets + draw(3, 2), SquaredError())
    return network.to("cpu", dtype)


def by_enumeration(network: Network) -> np.ndarray:
    """The gradient by the first layer's biases in long doubles, from joint states and the probabilities' derivatives."""
    (w0, b0), (w1, b1), (w2, b2) = ((w.numpy().astype(np.longdouble), b.numpy().astype(np.longdouble)) for w, b in network.layers)
    found = np.zeros(3, dtype=np.longdouble)
    for x, y in zip(network.inputs.numpy().astype(np.longdouble), network.labels.numpy().astype(np.longdouble), strict=True):
        for s in itertools.product((-1, 1), repeat=3):
            for t in itertools.product((-1, 1), repeat=2):
                p = 1 / (1 + np.exp(-np.array(s) * (w0 @ x + b0)))
                q = 1 / (1 + np.exp(-np.array(t) * (w1 @ np.array(s) + b1)))
                found += p.prod() * q.prod() * np.array(s) * (1 - p) * ((w2 @ np.array(t) + b2 - y) ** 2).sum()
    return (found / len(network.inputs)).astype(float)


@pytest.mark.parametrize(("level", "targets"), [(0, 0), (2000, 2000), (1e8, 1e8), (0, 1e5), (1e5, 0)])
def test_squared_error_of_large_targets(level, targets):
    """At targets of 1e8 long doubles themselves keep eight digits less than at 0."""
    network = around(level, targets)
    want = by_enumeration(network)
    for found in (exact_gradient(network), exact_moments(Disarm(), network).mean, exact_moments(Reinforce(), network).mean):
        np.testing.assert_allclose(found[network.groups["layer0"]][-3:].numpy(), want, rtol=1e-9, atol=0)
    without = replace(network, loss=SquaredError())
    if level == targets == 1e8:
        assert abs(exact_gradient(without)[network.groups["layer0"]][-3:].numpy() / want - 1).max() > 1e-3  # the comparison can fail


def test_rows_of_large_targets_in_float32():
    """Leave-one-out and DisARM on outputs near 2000: what rounding of the outputs leaves is below 1 % of the gradient."""
    wide, narrow = around(2000, 2000), around(2000, 2000, torch.float32)
    gradient = exact_gradient(wide)
    for estimator in (Disarm(), Reinforce(baseline="leave_one_out", samples=2)):
        rows = [estimator(network, 20_000, torch.Generator().manual_seed(0)).double() for network in (wide, narrow)]
        error = rows[1].std(0) / len(rows[1]) ** 0.5 + 1e-3 * gradient.norm()
        assert ((rows[1].mean(0) - gradient) / error).abs().max() < 5.5


def test_cross_entropy_of_a_certain_class():
    """-log softmax is the others' share, far below rounding; its derivative likewise."""
    z = torch.tensor([[60.0, 0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    value = CrossEntropy().features(z)[0, 0]
    assert value.item() == pytest.approx(math.exp(-60) * (1 + math.e), rel=1e-13)
    slope, = torch.autograd.grad(value, z)
    np.testing.assert_allclose(slope[0], [-math.exp(-60) * (1 + math.e), math.exp(-60), math.exp(-59)], rtol=1e-13)
    tied = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(torch.autograd.grad(CrossEntropy().features(tied)[0, 0], tied)[0],
                               torch.tensor([[-2, 1, 1]], dtype=torch.float64) / 3)


@pytest.mark.parametrize("loss", [CrossEntropy(), LogisticLoss(), SquaredError(), SquaredError((2.5, -1.0, 0.25))], ids=str)
def test_slopes_are_what_autograd_makes_of_the_features(loss):
    rng = torch.Generator().manual_seed(0)
    z = 3 * torch.randn(4, 5, 1 if isinstance(loss, LogisticLoss) else 3, generator=rng, dtype=torch.float64)
    weights = torch.randn(loss.features(z).shape, generator=rng, dtype=torch.float64)
    want = Loss.slopes(loss, z, weights)
    torch.testing.assert_close(loss.slopes(z, weights), want, rtol=1e-13, atol=1e-13)
    assert (loss.slopes(z, weights.flip(0)) - want).abs().max() > 0.1  # the comparison can fail


def test_slopes_of_a_certain_class():
    """Weights of the certain class alone: the slope is the others' share, far below rounding."""
    z, weights = torch.tensor([[60.0, 0.0, 1.0]], dtype=torch.float64), torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    want = [-math.exp(-60) * (1 + math.e), math.exp(-60), math.exp(-59)]
    np.testing.assert_allclose(CrossEntropy().slopes(z, weights)[0], want, rtol=1e-13)
