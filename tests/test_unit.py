"""Every rule, on every noise and in both precisions: finite at any pre-activation and uniform, hard where it says so."""

import pytest
import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.deterministic import Deterministic
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.unit import relaxed, relaxed_slope, threshold, through, with_slope

pytestmark = pytest.mark.unit

RULES = {name: kind for name, kind in registry().items() if issubclass(kind, Rule)}
A = torch.tensor([-800, -40, -3, -1.5, -0.5, 0, 0.3, 1, 1.9, 5, 50, 800], dtype=torch.float64)
U = torch.tensor([1e-30, 1e-6, 0.3, 0.7, 1 - 1e-6, 1 - 2**-24], dtype=torch.float64)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64))
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", RULES)
def test_finite_and_upper_where_u_is_below_f(name, noise, dtype):
    a, u = (part.to(dtype) for part in torch.broadcast_tensors(A, U.unsqueeze(1)))
    a = a.clone().requires_grad_()
    x = RULES[name]().unit(a, u, NOISES[noise])
    slope, = torch.autograd.grad(x.sum(), a)
    assert x.dtype == slope.dtype == dtype and x.shape == a.shape
    assert torch.isfinite(x).all() and torch.isfinite(slope).all() and (slope >= 0).all() and x.abs().max() <= 1
    if RULES[name] not in (Deterministic, MeanField):
        assert torch.equal(x.detach() > 0, u < NOISES[noise].cdf(a.detach()))


@pytest.mark.parametrize("name", RULES)
def test_zero_uniform_is_finite(name):
    """torch.rand gives exact zeros: one in 2^24 of them in float32."""
    a = A.float().requires_grad_()
    x = RULES[name]().unit(a, torch.zeros_like(a), NOISES["logistic"])
    assert torch.isfinite(torch.autograd.grad(x.sum(), a)[0]).all() and torch.isfinite(x).all()


@pytest.mark.parametrize("noise", NOISES)
def test_slope_is_the_derivative_of_the_relaxed_state(noise):
    a, z = torch.randn(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    a.requires_grad_()
    for tau in (0.1, 1.0):
        slope, = torch.autograd.grad(relaxed(a, z, NOISES[noise], tau).sum(), a)
        torch.testing.assert_close(relaxed_slope(a.detach(), z, NOISES[noise], tau), slope, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("noise", NOISES)
def test_threshold_has_the_noise_s_law_given_the_state(noise):
    """F(z) is uniform below p for x = +1 and above p for x = -1; far tails keep their sign."""
    noise, v = NOISES[noise], torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    a = torch.tensor(0.4, dtype=torch.float64).expand_as(v)
    p = noise.cdf(a)
    torch.testing.assert_close(noise.cdf(threshold(a, torch.ones_like(v), v, noise)), p * v, rtol=1e-9, atol=0)
    torch.testing.assert_close(noise.cdf(threshold(a, -torch.ones_like(v), v, noise)), 1 - (1 - p) * v, rtol=1e-9, atol=0)
    far = 30.0 * torch.ones_like(v)
    if bool((noise.cdf(-far) > 0).all()):
        assert (threshold(far, -torch.ones_like(v), v, noise) >= 30 * (1 - 1e-12)).all()


def test_states_keep_every_bit():
    a = torch.tensor([0.1, 1e8, -3.0], dtype=torch.float64, requires_grad=True)
    x = torch.tensor([1.0, -1.0, 0.7], dtype=torch.float64)
    assert torch.equal(through(x, a.exp().clamp_max(9)).detach(), x)
    assert torch.equal(with_slope(x, a, torch.full_like(a, 3.0)).detach(), x)
    assert torch.equal(torch.autograd.grad(with_slope(x, a, 3 * torch.ones_like(a)).sum(), a)[0], torch.full_like(x, 3.0))
