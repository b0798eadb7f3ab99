"""The Gumbel family and its relatives: exact means and variances of one unit by quadrature, laws in tau, and published formulas."""

import math

import pytest
import torch
from enumeration import polynomial, vector
from quadrature import mean, nodes, truth, unit, variance

from straightedge.estimators.darn import darn
from straightedge.estimators.decoupled_st_gumbel import DecoupledStGumbel, decoupled_st_gumbel
from straightedge.estimators.gapped_st import GappedSt, gapped_st
from straightedge.estimators.gumbel_rao import GumbelRao, gumbel_rao
from straightedge.estimators.gumbel_softmax import GumbelSoftmax, gumbel_softmax
from straightedge.estimators.network.noise import LOGISTIC, NOISES
from straightedge.estimators.network.unit import relaxed_slope, threshold
from straightedge.estimators.st_gumbel import StGumbel, st_gumbel
from straightedge.estimators.zgr import zgr

pytestmark = pytest.mark.sampled

A = torch.linspace(-2.9, 2.9, 60, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
INSIDE = (-0.7, 0.25)
"""Pre-activations inside the support of every noise, away from its kinks."""


def factor(rule, a, u, noise):
    """dx / da."""
    a = a.clone().requires_grad_()
    return torch.autograd.grad(rule(a, u, noise).sum(), a)[0]


def at(rule, tau):
    """The rule at this temperature."""
    return lambda a, u, noise: rule(a, u, noise, tau)


def cubic_slope(x):
    """f' of x^3 / 3 + x^2 / 2 - 0.4 x."""
    return x * x + x - 0.4


def quadratic_slope(x):
    """f' of x^2 / 2 + 0.3 x."""
    return x + 0.3


def steepness(noise) -> float:
    """k = 4 F'(0)."""
    return 4 * noise.density(torch.zeros((), dtype=torch.float64)).item()


def mixed_density(a: float, noise, tau: float) -> float:
    """The density of Z + tau L / k at a, L standard logistic, as the mean over L by the trapezoid rule."""
    step = torch.linspace(-50, 50, 1000001, dtype=torch.float64)
    return torch.trapezoid(noise.density(a - tau * step / steepness(noise)) * LOGISTIC.density(step), step).item()


@pytest.mark.parametrize("rule", (gumbel_softmax, st_gumbel), ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("tau", (0.2, 1.0))
@pytest.mark.parametrize("noise", NOISES)
def test_linear_loss_has_a_closed_form(rule, tau, noise):
    """The mean is that of a hard unit with noise Z + tau L / k: biased at any tau > 0, for linear losses too."""
    for a in INSIDE:
        found = mean(at(rule, tau), a, NOISES[noise])
        assert found == pytest.approx(2 * mixed_density(a, NOISES[noise], tau), rel=1e-4)
        assert abs(found / truth(lambda x: x, a, NOISES[noise]) - 1) > 1e-4  # least where the density is straight for +- tau


@pytest.mark.parametrize("noise", ("logistic", "logistic2", "normal"))
@pytest.mark.parametrize("a", INSIDE)
def test_bias_of_gumbel_softmax_in_tau(noise, a):
    """O(tau^2) for a linear loss: a quarter at half the tau.  O(tau) for others: half."""
    def ratio(slope, loss):
        biases = [mean(at(gumbel_softmax, tau), a, NOISES[noise], slope) - truth(loss, a, NOISES[noise]) for tau in (0.02, 0.01)]
        return biases[0] / biases[1]

    assert ratio(torch.ones_like, lambda x: x) == pytest.approx(4, rel=0.01)
    assert ratio(cubic_slope, lambda x: x**3 / 3 + x**2 / 2 - 0.4 * x) == pytest.approx(2, rel=0.05)
    assert ratio(quadratic_slope, lambda x: x**2 / 2 + 0.3 * x) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("a", INSIDE)
def test_variance_of_gumbel_softmax_in_tau(noise, a):
    """tau Var -> rho integral f'(s(y))^2 s'(y)^2 dy, s the soft step; for a linear loss rho f'^2 k / 6 by the bit."""
    tau, noise, k = 1e-4, NOISES[noise], steepness(NOISES[noise])
    y = torch.linspace(-60, 60, 1200001, dtype=torch.float64)
    step, by_y = torch.tanh(k * y / 2), k / 2 * (1 - torch.tanh(k * y / 2).square())
    rho = noise.density(torch.tensor(a, dtype=torch.float64)).item()
    for slope in (torch.ones_like, cubic_slope):
        integral = torch.trapezoid((slope(step) * by_y).square(), y).item()
        assert tau * variance(at(gumbel_softmax, tau), a, noise, slope) == pytest.approx(rho * integral, rel=2e-3)
    assert tau * variance(at(gumbel_softmax, tau), a, noise) / 4 == pytest.approx(rho * k / 6, rel=2e-3)


def chains(tau: float, layers: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(gradient estimates at the first unit, weights) of a chain of single units with a = x, 0.2 at the first; by quadrature."""
    a, g, w = torch.tensor([0.2], dtype=torch.float64), torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    for _ in range(layers):
        u, weight = (torch.stack(parts) for parts in zip(*(nodes(p, 14) for p in LOGISTIC.cdf(a).tolist()), strict=True))
        spread = a.unsqueeze(1).expand_as(u)
        slopes = factor(at(gumbel_softmax, tau), spread, u, LOGISTIC)
        x = gumbel_softmax(spread, u, LOGISTIC, tau)
        a, g, w = x.flatten(), (g.unsqueeze(1) * slopes).flatten(), (w.unsqueeze(1) * weight).flatten()
    return g, w


def test_gradients_vanish_like_tau_to_the_depth():
    """Through L layers the chance of a gradient above 1e-3 falls like tau^L, and the variance grows like tau^-L."""
    taus = (0.004, 0.002)
    for layers in (1, 2):
        chance, spread = [], []
        for tau in taus:
            g, w = chains(tau, layers)
            chance.append((w * (g.abs() > 1e-3)).sum().item())
            spread.append((w * g.square()).sum().item() - (w * g).sum().item() ** 2)
        assert math.log(chance[0] / chance[1], 2) == pytest.approx(layers, abs=0.25)
        assert math.log(spread[1] / spread[0], 2) == pytest.approx(layers, abs=0.05)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("a", INSIDE)
def test_st_gumbel_tends_to_darn(noise, a):
    """In the mean, for any loss: rho (f'(1) + f'(-1)); the bias that is left at tau = 0 is DARN's."""
    limit = mean(darn, a, NOISES[noise], cubic_slope)
    errors = [abs(mean(at(st_gumbel, tau), a, NOISES[noise], cubic_slope) - limit) for tau in (0.1, 0.01, 1e-4)]
    assert errors[0] > 5 * errors[1] and errors[1] < 0.01 and errors[2] < 1e-4  # O(tau), and less where the density is flat
    assert abs(limit - truth(lambda x: x**3 / 3 + x**2 / 2 - 0.4 * x, a, NOISES[noise])) > 0.1


def conditional(a: float, noise, tau: float, power: int) -> dict[int, float]:
    """E[(dx_tau / da)^power | x] for both x, over the noise given x."""
    v, w = nodes(0.5)
    a = torch.tensor(a, dtype=torch.float64).expand_as(v)
    zs = {sign: threshold(a, torch.full_like(v, float(sign)), v, noise) for sign in (-1, 1)}
    return {sign: (w * relaxed_slope(a, z, noise, tau).pow(power)).sum().item() for sign, z in zs.items()}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("a", INSIDE)
@pytest.mark.parametrize("tau", (0.05, 0.7))
def test_noise_given_the_state_averages_to_the_same_mean(noise, a, tau):
    """Over infinitely many noises, Gumbel-Rao has st_gumbel's mean for any loss, less variance, and tends to ZGR as tau -> 0."""
    noise = NOISES[noise]
    p = noise.cdf(torch.tensor(a, dtype=torch.float64)).item()
    given = conditional(a, noise, tau, 1)
    slopes = {sign: cubic_slope(torch.tensor(float(sign))).item() for sign in (-1, 1)}
    first = p * given[1] * slopes[1] + (1 - p) * given[-1] * slopes[-1]
    second = p * (given[1] * slopes[1]) ** 2 + (1 - p) * (given[-1] * slopes[-1]) ** 2
    assert first == pytest.approx(mean(at(st_gumbel, tau), a, noise, cubic_slope), rel=1e-5)
    assert second - first**2 < 0.99 * variance(at(st_gumbel, tau), a, noise, cubic_slope)
    limit = conditional(a, noise, 1e-7, 1)
    for x, c, _ in zip(*unit(zgr, a, noise), strict=True):
        assert limit[int(x)] == pytest.approx(c.item(), rel=1e-5)


@pytest.mark.parametrize("noise", NOISES)
def test_one_noise_is_st_gumbel(noise):
    """With the place of u in its own interval as the one uniform, Gumbel-Rao is st_gumbel, noise by noise."""
    noise = NOISES[noise]
    a = 0.3 * A
    p, q = noise.cdf(a), noise.cdf(-a)
    place = torch.where(p > U, U / p, (1 - U) / q)
    torch.testing.assert_close(factor(lambda a, u, n: gumbel_rao(a, u, [place], n, 0.4), a, U, noise),
                               factor(at(st_gumbel, 0.4), a, U, noise), rtol=1e-9, atol=1e-12)


def test_gumbel_rao_rows_have_the_variance_that_noises_declares():
    """The variance of the mean given x, plus the variance given x over `noises`, both computed; and st_gumbel's mean."""
    a, tau, n = 0.4, 0.2, 60_000
    network = vector(lambda x: x.pow(3).sum(-1) / 3 + x.square().sum(-1) / 2 - 0.4 * x.sum(-1), logits=(a / 0.6,))
    p = LOGISTIC.cdf(network.theta).item()
    ones, squares = conditional(a, LOGISTIC, tau, 1), conditional(a, LOGISTIC, tau, 2)
    slopes = {sign: cubic_slope(torch.tensor(float(sign), dtype=torch.float64)).item() for sign in (-1, 1)}
    chance = {1: p, -1: 1 - p}
    first = sum(chance[s] * ones[s] * slopes[s] for s in chance)
    for noises in (1, 4, 16):
        rows = GumbelRao(tau, noises)(network, n, torch.Generator().manual_seed(noises))
        second = sum(chance[s] * slopes[s] ** 2 * (ones[s] ** 2 + (squares[s] - ones[s] ** 2) / noises) for s in chance)
        assert abs(rows.mean() - first) < 5.5 * rows.std() / n**0.5
        centred = (rows - rows.mean()).square()
        assert abs(centred.mean() - (second - first**2)) < 5.5 * centred.std() / n**0.5
        assert GumbelRao(tau, noises).noises == noises
    wrong = sum(chance[s] * slopes[s] ** 2 * squares[s] for s in chance) - first**2
    assert abs(centred.mean() - wrong) > 10 * centred.std() / n**0.5
    assert StGumbel(tau).noises == 1


def test_trunk_is_shared():
    """The states, and with them the bias of the top layer, come from the uniforms that every estimator shares."""
    network = vector(polynomial(2))
    shared = [rule(network, 7, torch.Generator().manual_seed(3)) for rule in (GumbelRao(1e-9, 1), StGumbel(1e-9))]
    assert shared[0].shape == shared[1].shape
    state = torch.Generator().manual_seed(3)
    us = network.uniform(state, 7)
    x = gumbel_rao(network.theta.expand_as(us[0]), us[0], torch.full((2, *us[0].shape), 0.5), LOGISTIC, 0.3)
    assert torch.equal(x > 0, us[0] < LOGISTIC.cdf(network.theta))


def test_temperature_of_the_other_notation():
    """tanh((a - Z) / T) with standard logistic Z is the concrete state of tau = T / 2 under F(a) = s(a), and of T under s(2 a)."""
    for t in (0.3, 1.0, 2.0):
        for tau, name in ((t / 2, "logistic"), (t, "logistic2")):
            z = NOISES[name].quantile(U)
            torch.testing.assert_close(gumbel_softmax(A, U, NOISES[name], tau), torch.tanh((A - z) / t), rtol=1e-12, atol=1e-12)


def two_classes(u):
    """Two Gumbel noises whose difference g_1 - g_2 is -logit u, as a unit with this u has."""
    return torch.stack((-LOGISTIC.quantile(u), torch.zeros_like(u)), -1)


def published(logits, perturbed, sample):
    """x = first minus second coordinate of a straight-through sample, by autograd through the perturbed softmax."""
    soft = perturbed.softmax(-1)
    y = sample + (soft - soft.detach())
    return y[..., 0] - y[..., 1]


def one_hot(first):
    return torch.stack((first, ~first), -1).double()


def derivative(x, a):
    return torch.autograd.grad(x.sum(), a)[0]


def logits_of(a):
    """(a, logits of the two classes), differentiable in a."""
    a = a.clone().requires_grad_()
    return a, torch.stack((a, torch.zeros_like(a)), -1)


@pytest.mark.parametrize("forward, backward", ((1.0, 2.0), (0.5, 0.7), (1.6, 1.3)))
def test_decoupled_published_formula(forward, backward):
    """softmax(logits / tau + g): the temperature divides the logits and not the noise."""
    a, logits = logits_of(A)
    sample = one_hot((logits / forward + two_classes(U)).argmax(-1) == 0)
    x = published(logits, logits / backward + two_classes(U), sample)
    rule = DecoupledStGumbel(forward, backward).unit
    assert torch.equal(x.detach(), rule(A, U, LOGISTIC))
    torch.testing.assert_close(derivative(x, a), factor(rule, A, U, LOGISTIC), rtol=1e-10, atol=1e-14)


def test_forward_temperature_changes_the_law_or_nothing():
    """Here P(x = hi) = F(a / forward); where the noise is divided too, forward is without effect and the rule is st_gumbel."""
    for tau in (0.3, 1.0, 4.0):
        x, _, w = unit(lambda a, u, noise, tau=tau: decoupled_st_gumbel(a, u, noise, tau, 1.0), 0.8, LOGISTIC)
        assert (w * (x > 0)).sum().item() == pytest.approx(torch.sigmoid(torch.tensor(0.8 / tau)).item(), abs=2e-2)
        divided = ((A.unsqueeze(-1) * torch.tensor([1.0, 0.0]) + two_classes(U)) / tau).argmax(-1) == 0
        assert torch.equal(divided, st_gumbel(A, U, LOGISTIC, 0.7) > 0)
    torch.testing.assert_close(factor(DecoupledStGumbel(1.0, 1.0).unit, A, U, LOGISTIC), factor(at(st_gumbel, 1.0), A, U, LOGISTIC))


@pytest.mark.parametrize("gap", (1.0, 0.3, None))
@pytest.mark.parametrize("tau", (0.5, 1.2))
def test_gapped_published_formula(gap, tau):
    """Raise the sample's logit to the highest, then lower all others to at least a gap below it."""
    a, logits = logits_of(A)
    sample = one_hot(LOGISTIC.cdf(A) > U)
    fixed = logits.detach()
    highest = fixed.max(-1, keepdim=True).values
    raised = (highest - fixed) * sample
    chance = (fixed.softmax(-1) * sample).sum(-1, keepdim=True)
    width = -torch.log1p(-chance) / chance if gap is None else gap
    lowered = (fixed - highest + width).clamp_min(0) * (1 - sample)
    x = published(logits, (logits + raised - lowered) / tau, sample)
    rule = GappedSt(tau, gap).unit
    assert torch.equal(x.detach(), rule(A, U, LOGISTIC))
    torch.testing.assert_close(derivative(x, a), factor(rule, A, U, LOGISTIC), rtol=1e-9, atol=1e-14)


def test_gapped_is_biased_for_a_linear_loss():
    for a in INSIDE:
        assert abs(mean(lambda a, u, noise: gapped_st(a, u, noise), a, LOGISTIC) / truth(lambda x: x, a, LOGISTIC) - 1) > 0.05


@pytest.mark.parametrize("make, message", (
    (lambda: GumbelSoftmax(0.0), "gumbel_softmax: tau = 0.0 must be positive"),
    (lambda: StGumbel(-1.0), "st_gumbel: tau = -1.0 must be positive"),
    (lambda: StGumbel(float("nan")), "st_gumbel: tau = nan must be positive"),
    (lambda: GumbelRao(0.5, 0), "gumbel_rao: noises = 0 must be positive"),
    (lambda: DecoupledStGumbel(0.0), "decoupled_st_gumbel: forward = 0.0 must be positive"),
    (lambda: GappedSt(0.5, -1.0), "gapped_st: gap = -1.0 must not be negative"),
))
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()
