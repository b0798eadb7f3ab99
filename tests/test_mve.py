"""MVE's line from straight-through to ZGR, and the one-sided rules: ends, averages, what they keep right, least variance."""

import pytest
import torch
from enumeration import mean_row, polynomial, vector

from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.mve import Mve, mve
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.one_sided import OneSided, one_sided
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.zgr import zgr

pytestmark = pytest.mark.exact

A = torch.linspace(-2.9, 2.9, 60, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def factor(rule, noise, **options):
    """dx / da."""
    a = A.clone().requires_grad_()
    return torch.autograd.grad(rule(a, U, noise, **options).sum(), a)[0]


@pytest.mark.parametrize("noise", NOISES)
def test_ends_of_the_line(noise):
    noise = NOISES[noise]
    for options, other in (({"t": 0.0}, straight_through), ({"k": 1.0}, straight_through), ({"k": 0.0}, zgr)):
        torch.testing.assert_close(factor(mve, noise, **options), factor(other, noise), rtol=1e-12, atol=1e-13)
    p = noise.cdf(A) * noise.cdf(-A)
    torch.testing.assert_close(factor(mve, noise, t=1e9)[p > 1e-3], factor(zgr, noise)[p > 1e-3], rtol=1e-5, atol=1e-12)
    assert (factor(mve, noise) - factor(zgr, noise)).abs().max() > 0.05


@pytest.mark.parametrize("rule", (Mve(), Mve(7.0), Mve(k=0.3), OneSided(), OneSided("left")), ids=repr)
@pytest.mark.parametrize("states", (SIGNS, BITS))
@pytest.mark.parametrize("noise", NOISES)
def test_right_for_multi_affine_losses(rule, states, noise):
    network = vector(polynomial(1), NOISES[noise], states)
    torch.testing.assert_close(mean_row(rule.unit, network), exact_gradient(network), rtol=1e-11, atol=1e-12)
    quadratic = vector(polynomial(2), NOISES[noise], states)
    assert (mean_row(rule.unit, quadratic) - exact_gradient(quadratic)).norm() > 1e-3


@pytest.mark.parametrize("noise", NOISES)
def test_sides(noise):
    """Their average is ZGR; each is zero on the state that its side cannot flip."""
    noise = NOISES[noise]
    right, left = (factor(one_sided, noise, side=side) for side in ("right", "left"))
    torch.testing.assert_close((right + left) / 2, factor(zgr, noise), rtol=1e-12, atol=1e-13)
    upper = noise.cdf(A) > U
    assert bool((right[upper] == 0).all() and (left[~upper] == 0).all() and (right[~upper] > 0).any())


def test_variance_falls_towards_straight_through_for_a_linear_loss():
    """Exactly zero at k = 1, growing like (1 - k)^2: c = F' (k + (1 - k) / (2 P)) is linear in k."""
    network = vector(lambda x: x @ x.new_tensor((1.0, -0.7, 0.4)))
    spread = {k: float(exact_moments(Mve(k=k), network).variance.sum()) for k in (0.0, 0.5, 1.0)}
    assert spread[1.0] < 1e-15 and spread[0.5] == pytest.approx(spread[0.0] / 4, rel=1e-9)
    assert 0 < float(exact_moments(Mve(), network).variance.sum()) < spread[0.0]


def test_refusals():
    for given, message in (({"t": -1.0}, "t = -1.0 must not be negative"), ({"k": 1.5}, "k = 1.5 must lie between 0 and 1"),
                           ({"k": 0.5, "t": 2.0}, "t = 2 has no effect where k is given"), ({"t": float("inf")}, "k = 0 is its limit")):
        with pytest.raises(InputError, match=message):
            Mve(**given)
