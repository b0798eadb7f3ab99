"""Straight-through matched to the noise: what is exact about it, in closed form or by enumeration; and each proxy's own noise."""

from dataclasses import dataclass

import pytest
import torch
from enumeration import mean_row, polynomial, vector

from straightedge.estimators.approx_sign import ApproxSign, approx_sign
from straightedge.estimators.clipped_identity import clipped_identity
from straightedge.estimators.darn import Darn, darn
from straightedge.estimators.gapped_st import gapped_st
from straightedge.estimators.gumbel_softmax import gumbel_softmax
from straightedge.estimators.identity import Identity, identity
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.loss import LogisticLoss
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import LOGISTIC, NOISES, Logistic, Noise
from straightedge.estimators.reinmax import Reinmax, reinmax
from straightedge.estimators.st_gumbel import StGumbel, st_gumbel
from straightedge.estimators.straight_through import StraightThrough, straight_through
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tanh_proxy import TanhProxy, tanh_proxy
from straightedge.estimators.zgr import Zgr, zgr

pytestmark = pytest.mark.unit

ONE = torch.ones((), dtype=torch.float64)
A = torch.linspace(-2.9, 2.9, 60, dtype=torch.float64)
MATCHED = {"uniform": clipped_identity, "triangular": approx_sign, "logistic2": tanh_proxy}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def factor(rule, a, u, noise):
    """dx / da."""
    a = a.clone().requires_grad_()
    return torch.autograd.grad(rule(a, u, noise).sum(), a)[0]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("states", (SIGNS, BITS))
def test_unbiased_where_multi_affine(noise, states):
    for seed in range(3):
        network = vector(polynomial(1, seed=seed), NOISES[noise], states)
        torch.testing.assert_close(mean_row(straight_through, network), exact_gradient(network), rtol=1e-12, atol=1e-13)


def test_biased_beyond_multi_affine():
    network = vector(polynomial(2))
    assert (mean_row(straight_through, network) - exact_gradient(network)).norm() > 0.1 * exact_gradient(network).norm()


@pytest.mark.parametrize("noise", NOISES)
def test_no_variance_where_linear(noise):
    network = vector(lambda x: x @ torch.tensor((1.0, -0.7, 0.4), dtype=x.dtype), NOISES[noise])
    rows = StraightThrough()(network, 50, generator())
    assert torch.equal(rows, rows[:1].expand_as(rows))
    torch.testing.assert_close(rows[0], exact_gradient(network), rtol=1e-14, atol=0)
    assert Darn()(network, 50, generator()).var(0).min() > 1e-3  # variance is not zero for every rule


@pytest.mark.parametrize("a", (-1.3, 0.2, 0.9))
@pytest.mark.parametrize("noise", NOISES)
def test_bias_for_a_square_of_a_bit(a, noise):
    """c b^2 / 2 is c b / 2 on the states: the truth is rho c / 2, the bias rho c (p - 1/2)."""
    c, noise = 1.7, NOISES[noise]
    network = vector(lambda b: c * b.square().sum(-1) / 2, noise, BITS, logits=(a,))
    p, rho = noise.cdf(network.theta), noise.density(network.theta)
    torch.testing.assert_close(exact_gradient(network), rho * c / 2)
    torch.testing.assert_close(mean_row(straight_through, network) - exact_gradient(network), rho * c * (p - 0.5))


@pytest.mark.parametrize("noise", NOISES)
def test_square_of_a_sign(noise):
    """x^2 is 1 on the states: the truth is 0, the estimate 4 F' (2 F - 1); written as the constant 1 it is 0."""
    noise = NOISES[noise]
    network = vector(lambda x: x.square().sum(-1), noise)
    p, rho = noise.cdf(network.theta), noise.density(network.theta)
    assert exact_gradient(network).abs().max() < 1e-15
    torch.testing.assert_close(mean_row(straight_through, network), 4 * rho * (2 * p - 1))
    assert mean_row(straight_through, vector(lambda x: 0 * x.sum(-1) + len(x.mT), noise)).abs().max() == 0


def dyadic(shape, seed):
    """Multiples of 1/8: their sums are exact, so that an encoding changes no bit of a pre-activation."""
    return torch.randint(-12, 13, shape, generator=generator(seed), dtype=torch.float64) / 8


ENCODED = (StraightThrough(), Identity(), TanhProxy(), Darn(), Zgr(), Reinmax(2.0), StGumbel(0.3), MeanField())


@pytest.mark.parametrize("rule", ENCODED, ids=lambda rule: type(rule).__name__)
def test_encoding_changes_no_bit(rule):
    """With x = 2 b - 1, W' = 2 W and c' = c - W 1 describe the same network: the same deltas, to the last bit."""
    sizes = ((3, 2), (4, 3), (1, 4))
    weights, biases = [dyadic(shape, index) for index, shape in enumerate(sizes)], [dyadic(shape[:1], 7) for shape in sizes]
    inputs, labels = dyadic((1, 2), 11), torch.ones(1, 1)
    signs = Network.of(weights, biases, inputs, labels, LogisticLoss())
    shifted = [c - w.sum(1) for w, c in zip(weights[1:], biases[1:], strict=True)]
    bits = Network.of([weights[0], *(2 * w for w in weights[1:])], [biases[0], *shifted], inputs, labels, LogisticLoss(),
                      states=BITS)
    rows = [rule(network, 100, generator()) for network in (signs, bits)]
    exact = not isinstance(rule, MeanField)  # its states are no dyadic numbers
    for (o, _), where in zip(signs.shapes, signs.groups.values(), strict=True):
        deltas = [row[:, where][:, -o:] for row in rows]
        assert torch.equal(*deltas) if exact else torch.allclose(*deltas)
    assert rows[0].var(0).max() > 0 or not rule.random


@dataclass(frozen=True)
class Warped(Noise):
    """The noise sinh(Z): with pre-activations sinh(a) it gives the same unit."""

    noise: Noise = LOGISTIC

    def cdf(self, a):
        return self.noise.cdf(a.asinh())

    def density(self, a):
        return self.noise.density(a.asinh()) / (1 + a * a).sqrt()

    def quantile(self, u):
        return self.noise.quantile(u).sinh()


@pytest.mark.parametrize("rule", (straight_through, darn, zgr, reinmax, gapped_st), ids=lambda rule: rule.__name__)
def test_invariant_to_a_monotone_change(rule):
    u = torch.rand(A.shape, generator=generator(), dtype=torch.float64)
    warped = factor(lambda a, u, noise: rule(a.sinh(), u, Warped(noise)), A, u, LOGISTIC)
    torch.testing.assert_close(warped, factor(rule, A, u, LOGISTIC), rtol=1e-9, atol=0)


@pytest.mark.parametrize("rule", (identity, tanh_proxy, st_gumbel, gumbel_softmax), ids=lambda rule: rule.__name__)
def test_not_invariant_to_a_monotone_change(rule):
    u = torch.rand(A.shape, generator=generator(), dtype=torch.float64)
    warped = factor(lambda a, u, noise: rule(a.sinh(), u, Warped(noise)), A, u, LOGISTIC)
    assert (warped - factor(rule, A, u, LOGISTIC)).abs().max() > 0.05


@pytest.mark.parametrize("proxy", MATCHED)
@pytest.mark.parametrize("noise", NOISES)
def test_each_proxy_is_right_for_one_noise(proxy, noise):
    """Its derivative is that of the mean under that noise only; under any other a linear loss shows it."""
    u = torch.rand(A.shape, generator=generator(), dtype=torch.float64)
    given, matched = (factor(rule, A, u, NOISES[noise]) for rule in (MATCHED[proxy], straight_through))
    network = vector(polynomial(1), NOISES[noise])
    error = (mean_row(MATCHED[proxy], network) - exact_gradient(network)).norm() / exact_gradient(network).norm()
    if proxy == noise:
        torch.testing.assert_close(given, matched, rtol=1e-14, atol=1e-15)
        assert error < 1e-12
    else:
        assert (given - matched).abs().max() > 0.05
        assert error > 0.01


def test_identity_is_right_for_uniform_noise_within_its_support():
    u = torch.rand(A.shape, generator=generator(), dtype=torch.float64)
    inside = A.abs() < 1
    given, matched = (factor(rule, A, u, NOISES["uniform"]) for rule in (identity, straight_through))
    torch.testing.assert_close(given[inside], matched[inside])
    assert (given - matched)[~inside].abs().min() == 1


def test_wrong_scale_multiplies_through_layers():
    """F = s(a) under the proxy of F = s(2 a) at a = 0: twice the derivative, 2^L through L layers."""
    zero = torch.zeros(1, dtype=torch.float64)
    assert factor(tanh_proxy, zero, zero, LOGISTIC) == 2 * factor(straight_through, zero, zero, LOGISTIC)
    n, weight = 3, torch.zeros(1, 1, dtype=torch.float64)
    weights = [weight] + [weight + 1e-9] * (n - 1) + [weight + 1]
    network = Network.of(weights, [weight[0]] * (n + 1), weight, torch.ones(1, 1), LogisticLoss())
    wrong, right = (rule(network, 20, generator())[:, network.groups["layer0"]][:, -1] for rule in (TanhProxy(), StraightThrough()))
    torch.testing.assert_close(wrong / right, torch.full_like(right, 2.0**n), rtol=1e-6, atol=0)


def test_support_of_approx_sign():
    """Area 2, from -1 to +1; the support of 1 is Bi-Real Net's 2 - 2 |a|."""
    u = torch.rand(A.shape, generator=generator(), dtype=torch.float64)
    tent = factor(lambda a, u, noise: approx_sign(a, u, noise, 1.0), A, u, LOGISTIC)
    torch.testing.assert_close(tent, (2 - 2 * A.abs()).clamp_min(0))
    for support in (0.7, 1.0, 2.0):
        wide = torch.linspace(-3, 3, 60001, dtype=torch.float64)
        area = torch.trapezoid(factor(lambda a, u, noise, c=support: approx_sign(a, u, noise, c), wide, wide, LOGISTIC), wide)
        assert abs(area - 2) < 1e-6
    with pytest.raises(ValueError, match="approx_sign: support = -1.0 must be positive"):
        ApproxSign(-1.0)


def test_logistic_slopes_are_one_unit_in_two_scales():
    u = torch.rand(A.shape, generator=generator(), dtype=torch.float64)
    torch.testing.assert_close(factor(straight_through, A, u, Logistic(2.0)),
                               factor(lambda a, u, noise: straight_through(2 * a, u, noise), A, u, LOGISTIC))
