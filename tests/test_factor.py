"""The conditional moments of a rule's local derivative: closed forms, another quadrature, and what is refused."""

from dataclasses import dataclass

import pytest
import torch
from scipy import integrate

import tests.grid as grid
from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.decoupled_st_gumbel import DecoupledStGumbel
from straightedge.estimators.moment.factor import Factor
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.unit import hard, with_slope
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.sum.quadrature import NotSmooth, lobatto, means

pytestmark = pytest.mark.exact

A = torch.linspace(-4.03, 4, 33, dtype=torch.float64).unsqueeze(1)


def network(noise="logistic", states=(-1.0, 1.0)):
    return grid.network((1,), StateFunction(lambda x: x[..., 0]), inputs=0, points=1, noise=NOISES[noise], states=states)


@pytest.mark.parametrize("noise", NOISES)
def test_straight_through(noise):
    net = network(noise, BITS)
    weights = Factor(registry()["straight_through"](), net)(A)
    p, q, slope = net.noise.cdf(A), net.noise.cdf(-A), net.noise.density(A)
    for power in range(3):
        torch.testing.assert_close(weights[..., power, :], torch.stack((q, p), -1) * (slope**power).unsqueeze(-1), rtol=1e-11, atol=0)


@pytest.mark.wide
@pytest.mark.parametrize("noise", ["logistic", "uniform", "triangular", "normal"])
@pytest.mark.parametrize("tau", [1e-3, 0.05, 1.0, 10.0])
def test_relaxed_derivative(noise, tau):
    """In z instead of u, by an adaptive rule of somebody else, over the peak and its sides."""
    net = network(noise)
    weights = Factor(StGumbel(tau), net)(A)[:, 0]
    rate = 4 * net.noise.density(torch.zeros((), dtype=torch.float64)).item() / tau
    reach = {"uniform": 1.0, "triangular": 2.0}.get(noise, 40.0)

    def integrand(z, a, power):
        step = torch.tensor(rate * (a - z), dtype=torch.float64)
        slope = 2 * rate * (step.sigmoid() * (-step).sigmoid()).item()
        return slope**power * net.noise.density(torch.tensor(z, dtype=torch.float64)).item()

    for row in (4, 15, 16, 18, 27):
        a = A[row].item()
        for power in (1, 2):
            for state, low, high in ((1, -reach, min(a, reach)), (0, max(a, -reach), reach)):
                cuts = sorted({cut for cut in (0.0, -6.0, 6.0, *(a + side / rate for side in (-40, -5, 5, 40))) if low < cut < high})
                ends = [low, *cuts, high]
                truth = sum(integrate.quad(integrand, *part, (a, power), epsabs=1e-13, epsrel=1e-11)[0]
                            for part in zip(ends, ends[1:], strict=False)) if low < high else 0.0
                assert abs(weights[row, power, state].item() - truth) < 1e-10 * weights[:, power].max().item()


def test_a_threshold_of_its_own_is_found():
    net = network()
    weights = Factor(DecoupledStGumbel(2.0, 1.0), net)(A)[..., 0, :]
    torch.testing.assert_close(weights, torch.stack((net.noise.cdf(-A / 2), net.noise.cdf(A / 2)), -1), rtol=1e-14, atol=1e-16)


def test_deterministic_states_have_probability_one():
    weights = Factor(registry()["deterministic"](), network())(A)
    torch.testing.assert_close(weights[:, 0, 0], torch.cat((A <= 0, A > 0), 1).to(A), rtol=0, atol=1e-15)


@dataclass(frozen=True)
class Jump(Rule):
    """c = 1 where z is within a window around the threshold, else 0: two jumps inside the regions."""

    width: float = 0.3

    def unit(self, a, u, noise):
        inside = ((noise.quantile(u) - a.detach()).abs() < self.width).to(a.dtype)
        return with_slope(hard(a.detach(), u, noise), a, inside)


@pytest.mark.parametrize("width", [1e-3, 0.3, 2.0])
def test_jumps_are_found(width):
    net, a = network(), torch.linspace(-4, 4, 1000, dtype=torch.float64).unsqueeze(1)
    weights = Factor(Jump(width), net)(a)
    p = net.noise.cdf(a)
    truth = torch.stack((net.noise.cdf(a + width) - p, p - net.noise.cdf(a - width)), -1)
    torch.testing.assert_close(weights[..., 1, :], truth, rtol=0, atol=1e-12)
    torch.testing.assert_close(weights[..., 2, :], truth, rtol=0, atol=1e-12)


@dataclass(frozen=True)
class Wild(Rule):
    """Wrong in one of several ways."""

    way: str

    def unit(self, a, u, noise):
        x = hard(a.detach(), u, noise)
        if self.way == "relaxed":
            x = 0.99 * x
        if self.way == "two thresholds":
            x = torch.where(u < 0.01, -x, x)
        return with_slope(x, a, u.pow(-0.9) if self.way == "infinite variance" else torch.ones_like(u))


@pytest.mark.parametrize(("way", "why"), [("relaxed", "hard states"), ("two thresholds", "no threshold"),
                                          ("infinite variance", "does not converge")])
def test_refused(way, why):
    with pytest.raises(Unsuitable, match=f"Wild.*{why}.*sample it"):
        Factor(Wild(way), network())(A)


def test_a_harmless_rule_is_not_refused():
    assert bool(torch.isfinite(Factor(Wild("none"), network())(A)).all())


def test_lobatto_is_exact_to_its_degree():
    node, weight = lobatto(16)
    assert node[0] == -1
    assert node[-1] == 1
    assert abs((weight * node**28).sum() - 2 / 29) < 1e-14
    assert abs((weight * node**30).sum() - 2 / 31) > 1e-12


def test_means():
    one = torch.ones(3, dtype=torch.float64)
    rate = torch.tensor([1.0, 30.0, 1e5], dtype=torch.float64)
    found = means(lambda which, logit: torch.exp(-rate[which] * torch.sigmoid(logit)), one)
    torch.testing.assert_close(found[0], (1 - torch.exp(-rate)) / rate, rtol=1e-10, atol=0)
    torch.testing.assert_close(found[1], (1 - torch.exp(-2 * rate)) / (2 * rate), rtol=1e-10, atol=0)
    with pytest.raises(NotSmooth):
        means(lambda which, logit: torch.sigmoid(logit) ** -0.95, one[:1])
