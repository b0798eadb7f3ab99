"""Surrogates by name: slopes from the published formulas, written again here; which noise each belongs to; those of one area."""

import math

import pytest
import torch
from scipy.integrate import quad

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import NOISES, Logistic
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.surrogate_gradient import CATALOGUE, SurrogateGradient, surrogate_gradient
from straightedge.estimators.tanh_proxy import tanh_proxy

pytestmark = pytest.mark.exact

A = torch.linspace(-2.9, 2.9, 59, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
PUBLISHED = {
    "atan": lambda v: 2 / (2 * (1 + (math.pi / 2 * 2 * v) ** 2)),
    "super_spike": lambda v: 1 / (100 * abs(v) + 1) ** 2,
    "sigmoid": lambda v: 4 / (1 + math.exp(-4 * v)) / (1 + math.exp(4 * v)),
    "triangular": lambda v: 0.3 * max(0.0, 1 - abs(v)),
    "esser": lambda v: max(0.0, 1 - abs(v)),
    "ede": lambda v: 1 - math.tanh(v) ** 2,
    "reste": lambda v: (0.1 ** (1 / 3) / 0.1 if abs(v) <= 0.1 else abs(v) ** (-2 / 3) / 3) if abs(v) <= 1.5 else 0.0,
    "swish_sign": lambda v: 5 * (2 - 5 * v * math.tanh(2.5 * v)) / (1 + math.cosh(5 * v)),
}
"""By the bit for the spiking ones, by a state in {-1, +1} for the last three."""


def derivative(rule, noise=NOISES["logistic"], **options):
    """dx / da, x in {-1, +1}."""
    a = A.clone().requires_grad_()
    return torch.autograd.grad(rule(a, U, noise, **options).sum(), a)[0]


@pytest.mark.parametrize("name", CATALOGUE)
def test_slopes(name):
    span = 1 if name in ("ede", "reste", "swish_sign") else 2
    right = torch.tensor([span * PUBLISHED[name](v) for v in A.tolist()], dtype=torch.float64)
    torch.testing.assert_close(derivative(surrogate_gradient, name=name), right, rtol=1e-10, atol=1e-12)
    sharper = derivative(surrogate_gradient, name=name, sharpness=2 * CATALOGUE[name].sharpness)
    assert (sharper - right).abs().max() > 1e-3


def test_whose_noise():
    """sigmoid is the mean of a logistic unit of its slope, ede at 1 the tanh proxy; neither fits another noise."""
    for k in (1.0, 4.0):
        torch.testing.assert_close(derivative(surrogate_gradient, name="sigmoid", sharpness=k), derivative(straight_through, Logistic(k)))
    torch.testing.assert_close(derivative(surrogate_gradient, name="ede"), derivative(tanh_proxy))
    torch.testing.assert_close(derivative(surrogate_gradient, name="ede", sharpness=3.0), derivative(straight_through, Logistic(6.0)))
    assert (derivative(surrogate_gradient, name="ede") - derivative(straight_through)).abs().max() > 0.4


@pytest.mark.parametrize(("name", "area"), (("atan", 1.0), ("sigmoid", 1.0), ("triangular", 0.3), ("esser", 1.0), ("super_spike", 0.02),
                                            ("ede", 2.0), ("swish_sign", 2.0), ("reste", 2 * (1.5 ** (1 / 3)))))
def test_area(name, area):
    """What the derivative integrates to: the step from lo to hi where it is that of a proxy of the step."""
    value = quad(lambda v: float(CATALOGUE[name].slope(torch.tensor(v, dtype=torch.float64), CATALOGUE[name].sharpness)), -400, 400,
                 points=[-1.5, -1, -0.1, 0, 0.1, 1, 1.5], limit=800)[0]
    assert value == pytest.approx(area, rel=2e-3)


def test_refusals():
    with pytest.raises(InputError, match="surrogate_gradient: sharpness = -1.0 must be positive"):
        SurrogateGradient("atan", -1.0)
