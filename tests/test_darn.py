"""DARN, ZGR, ReinMax and FouST: which losses each gets right, exactly, and that the first three are one estimator."""

import pytest
import torch
from enumeration import mean_row, polynomial, vector
from quadrature import mean, truth

from straightedge.estimators.darn import darn
from straightedge.estimators.foust import Foust, foust
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import LOGISTIC, NOISES
from straightedge.estimators.reinmax import Reinmax, reinmax
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.zgr import zgr

pytestmark = pytest.mark.exact

SECOND_ORDER = (darn, zgr, reinmax)
NAMES = {"ids": lambda rule: rule.__name__}
A = torch.linspace(-2.9, 2.9, 60, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def factor(rule, a, u, noise):
    """dx / da."""
    a = a.clone().requires_grad_()
    return torch.autograd.grad(rule(a, u, noise).sum(), a)[0]


@pytest.mark.parametrize("rule", SECOND_ORDER, **NAMES)
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("states", (SIGNS, BITS))
def test_unbiased_where_at_most_quadratic_in_each_unit(rule, noise, states):
    """x_i^2 included, and products such as x_1^2 x_2^2 x_3 too."""
    for seed in range(3):
        network = vector(polynomial(2, seed=seed), NOISES[noise], states)
        torch.testing.assert_close(mean_row(rule, network), exact_gradient(network), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("rule", SECOND_ORDER, **NAMES)
@pytest.mark.parametrize(("states", "middle"), ((SIGNS, 0.0), (BITS, 0.5)))
def test_unbiased_where_all_but_the_linear_part_is_even_about_the_middle(rule, states, middle):
    """x_1 + x_1^4 x_2^2 x_3 and the like; about another point it is biased."""
    def even(about):
        return lambda x: x[..., 0] - 2 * x[..., 2] + 3 * (x[..., 0] - about) ** 4 * (x[..., 1] - about) ** 6 * x[..., 2]

    network = vector(even(middle), LOGISTIC, states)
    torch.testing.assert_close(mean_row(rule, network), exact_gradient(network), rtol=1e-11, atol=1e-12)
    shifted = vector(even(middle + 0.2), LOGISTIC, states)
    assert (mean_row(rule, shifted) - exact_gradient(shifted)).norm() > 1e-2 * exact_gradient(shifted).norm()


@pytest.mark.parametrize("rule", (*SECOND_ORDER, straight_through), **NAMES)
def test_biased_where_cubic(rule):
    """x^3 is x on the states, but its derivative is 3 there: three times the truth, for all of them."""
    network = vector(lambda x: x.pow(3).sum(-1))
    torch.testing.assert_close(mean_row(rule, network), 3 * exact_gradient(network))


@pytest.mark.parametrize("rule", (zgr, reinmax), **NAMES)
@pytest.mark.parametrize("noise", NOISES)
def test_one_estimator_under_three_names(rule, noise):
    torch.testing.assert_close(factor(rule, A, U, NOISES[noise]), factor(darn, A, U, NOISES[noise]), rtol=1e-10, atol=1e-13)


def published_reinmax(logits, sample, tau):
    """Algorithm 2 of the paper, for categoricals: y with the derivative 2 pi_1 - pi_0 / 2."""
    first = logits.softmax(-1)
    between = (sample + (logits / tau).softmax(-1)) / 2
    second = ((between.log() - logits).detach() + logits).softmax(-1)
    y = 2 * second - first / 2
    return y - y.detach() + sample


def published_zgr(logits, sample):
    """Half straight-through, half (x - E x) d log P(x), for categoricals."""
    p = logits.softmax(-1)
    log_probability = (sample * logits.log_softmax(-1)).sum(-1, keepdim=True)
    y = (p + (sample - p).detach() * log_probability) / 2
    return y - y.detach() + sample


@pytest.mark.parametrize("ours, published", (
    (zgr, published_zgr),
    (reinmax, lambda logits, sample: published_reinmax(logits, sample, 1.0)),
    (Reinmax(1.7).unit, lambda logits, sample: published_reinmax(logits, sample, 1.7)),
), ids=("zgr", "reinmax", "reinmax at 1.7"))
def test_published_formula(ours, published):
    """A binary unit is a categorical with logits (a, 0) and one-hot states; x = first minus second coordinate."""
    a = A.clone().requires_grad_()
    upper = (LOGISTIC.cdf(A) > U).to(A)
    y = published(torch.stack((a, torch.zeros_like(a)), -1), torch.stack((upper, 1 - upper), -1))
    x = y[..., 0] - y[..., 1]
    assert torch.equal(x.detach(), ours(A, U, LOGISTIC))
    torch.testing.assert_close(torch.autograd.grad(x.sum(), a)[0], factor(ours, A, U, LOGISTIC), rtol=1e-10, atol=1e-14)


def test_tempered_reinmax_differs():
    assert (factor(Reinmax(1.7).unit, A, U, LOGISTIC) - factor(zgr, A, U, LOGISTIC)).abs().max() > 0.05
    network = vector(polynomial(2))
    assert (mean_row(Reinmax(1.7).unit, network) - exact_gradient(network)).norm() > 0.01
    with pytest.raises(ValueError, match="reinmax: tau = 0.0 must be positive"):
        Reinmax(0.0)


@pytest.mark.parametrize("rule", SECOND_ORDER, **NAMES)
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64))
def test_improbable_states_stay_finite(rule, dtype):
    """The lower state at a = 30, where P(x) = 1e-13, has slope 1 by a logit, not 0 / 0; at a = 800 P(x) underflows."""
    a = torch.tensor([30.0, -30.0, 800.0, -800.0], dtype=dtype)
    u = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=dtype)  # the improbable state, as an infinitely fine u would give it
    slopes = factor(rule, a, torch.where(a > 0, u + 1, u - 1), LOGISTIC)
    assert torch.isfinite(slopes).all()
    if rule is darn:
        torch.testing.assert_close(slopes, torch.ones_like(slopes))


POLYNOMIALS = {f"x^{power}": lambda x, power=power: x**power for power in range(1, 8)}
LOSSES = POLYNOMIALS | {"exp": torch.exp, "sin": lambda x: (3 * x + 1).sin()}


def slope(loss):
    """f'."""
    def derivative(x):
        x = x.clone().requires_grad_()
        return torch.autograd.grad(loss(x).sum(), x)[0]

    return derivative


@pytest.mark.parametrize("a", (-1.7, -0.4, 0.0, 0.9))
@pytest.mark.parametrize("noise", NOISES)
def test_foust_is_exact_for_one_unit(a, noise):
    """The weights 1 / (2 P(x)) make the mean the integral of f' over (-1, 1): any polynomial, any other loss too."""
    noise = NOISES[noise]
    for name, loss in LOSSES.items():
        assert mean(foust, a, noise, slope(loss)) == pytest.approx(truth(loss, a, noise), abs=1e-9), name
    x5 = LOSSES["x^5"]
    assert mean(darn, a, noise, slope(x5)) == pytest.approx(5 * truth(x5, a, noise))


def test_foust_without_weights():
    """Exact for odd losses only, or at p = 1/2: 2 F' (2 F - 1) where the truth for x^2 is 0."""
    plain = Foust(weights=False).unit
    for name, loss in POLYNOMIALS.items():
        for a in (-0.8, 0.0, 1.1):
            error = mean(plain, a, LOGISTIC, slope(loss)) - truth(loss, a, LOGISTIC)
            p = torch.tensor(a, dtype=torch.float64).sigmoid()
            expected = 0.0 if int(name[2:]) % 2 else 2 * (p * (1 - p) * (2 * p - 1)).item()
            assert error == pytest.approx(expected, abs=1e-9), (name, a)


def test_foust_halves_a_product_of_two_units():
    """All units stand at their points at once, and the mean point of another unit is half its mean: not multi-affine."""
    network = vector(lambda x: x[..., 0] * x[..., 1], logits=(0.5, -0.9))
    rows = Foust()(network, 1 << 17, torch.Generator().manual_seed(0))
    z = (rows.mean(0) - exact_gradient(network) / 2) / (rows.std(0) / len(rows) ** 0.5)
    assert z.abs().max() < 5.5 and (exact_gradient(network) / 2 / (rows.std(0) / len(rows) ** 0.5)).abs().min() > 20


def test_the_point_is_uniform_and_needs_no_other_noise():
    p = 0.3
    a = torch.full((100001,), torch.tensor(p, dtype=torch.float64).logit().item(), dtype=torch.float64)
    u = torch.linspace(0, 1, 100003, dtype=torch.float64)[1:-1]
    x = foust(a, u)
    assert torch.equal(x > 0, u < p)
    for part in (x[u < p], -x[u >= p]):
        levels = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
        torch.testing.assert_close(part.quantile(levels), levels, atol=1e-4, rtol=0)
