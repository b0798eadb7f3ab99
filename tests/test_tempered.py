"""Tempered straight-through: its corners, what it keeps right, and its factor from the formula in 40 digits."""

import mpmath as mp
import pytest
import torch
from enumeration import mean_row, polynomial, vector

from straightedge.estimators.identity import identity
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import LOGISTIC, NOISES
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tempered import Tempered, tempered
from straightedge.estimators.zgr import zgr

pytestmark = pytest.mark.exact

A = torch.linspace(-2.9, 2.9, 60, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def factor(rule, a=A, u=U, noise=LOGISTIC, **options):
    """dx / da."""
    a = a.clone().requires_grad_()
    return torch.autograd.grad(rule(a, u, noise, **options).sum(), a)[0]


@pytest.mark.parametrize("noise", NOISES)
def test_corners(noise):
    """g = h = 1 straight-through, g = 1 and h = 0 ZGR, g = 0 and h = 1 the identity times 2 F'(0)."""
    noise = NOISES[noise]
    inside = A[noise.density(A) > 0], U[noise.density(A) > 0]
    for options, other, scale in (({"g": 1.0, "h": 1.0}, straight_through, 1.0), ({"g": 1.0, "h": 0.0}, zgr, 1.0),
                                  ({"g": 0.0, "h": 1.0}, identity, 2 * float(noise.density(torch.zeros(())).double()))):
        found, right = factor(tempered, *inside, noise, **options), scale * factor(other, *inside, noise)
        torch.testing.assert_close(found, right, rtol=1e-6, atol=1e-12)
        assert torch.equal(tempered(*inside, noise, **options), other(*inside, noise))
    assert (factor(tempered) - factor(straight_through)).abs().max() > 0.1


@pytest.mark.parametrize("a", (-30.0, -3.0, -0.4, 0.0, 1.3, 20.0))
@pytest.mark.parametrize(("g", "h"), ((0.25, 0.5), (0.25, 1.0), (0.5, 0.0), (0.0, 0.3), (0.9, 0.9)))
def test_formula(a, g, h):
    """Both states, also the improbable one, against 40 digits."""
    mp.mp.dps = 40
    p = 1 / (1 + mp.exp(-mp.mpf(a)))
    for state, own, other in ((1.0, p, 1 - p), (-1.0, 1 - p, p)):
        weight = own ** (mp.mpf(h) - 1) / (own ** mp.mpf(h) + other ** mp.mpf(h))
        right = 2 * mp.mpf(4) ** (mp.mpf(g) - 1) * (p * (1 - p)) ** mp.mpf(g) * weight
        u = torch.tensor([0.0 if state > 0 else 1.0], dtype=torch.float64)
        found = factor(tempered, torch.tensor([a], dtype=torch.float64), u, g=g, h=h)
        assert float(found) == pytest.approx(float(right), rel=1e-9)


@pytest.mark.parametrize("states", (SIGNS, BITS))
@pytest.mark.parametrize("noise", NOISES)
def test_right_for_multi_affine_losses_where_g_is_one(noise, states):
    """For every h; at g = 1/4 it is not, but under uniform noise, whose density is one number."""
    network = vector(polynomial(1), NOISES[noise], states)
    truth = exact_gradient(network)
    for h in (0.0, 0.3, 1.0):
        torch.testing.assert_close(mean_row(Tempered(1.0, h).unit, network), truth, rtol=1e-11, atol=1e-12)
    error = (mean_row(Tempered(0.25, 0.5).unit, network) - truth).norm() / truth.norm()
    assert error < 1e-12 if noise == "uniform" else error > 0.01


def test_mean_for_a_linear_loss():
    """E[c] = span F'(0)^(1-g) F'(a)^g, whatever h: the weights of both states sum to one."""
    network = vector(lambda x: x @ x.new_tensor((1.0, -0.7, 0.4)))
    expected = exact_gradient(network) * (LOGISTIC.density(torch.zeros(())) / LOGISTIC.density(network.theta)) ** 0.75
    for h in (0.0, 0.5, 1.0):
        torch.testing.assert_close(mean_row(Tempered(0.25, h).unit, network), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64))
def test_certain_units_stay_finite(dtype):
    a = torch.tensor([30.0, -30.0, 90.0, -90.0, 800.0, -800.0], dtype=dtype)
    for g, h in ((0.25, 0.5), (0.0, 0.0), (1.0, 0.0), (0.0, 1.0)):
        assert torch.isfinite(factor(tempered, a, torch.where(a > 0, 0.5, 0.5).to(dtype), g=g, h=h)).all()


def test_refusals():
    for name, value in (("g", -0.1), ("h", 1.5), ("g", float("nan"))):
        with pytest.raises(InputError, match=f"tempered: {name} = {value} must lie between 0 and 1"):
            Tempered(**{name: value})
