"""The Gumbel-Rao derivative with the noise integrated out: against adaptive quadrature, its relatives' means, and its limit."""

import pytest
import torch
from scipy.integrate import quad

from straightedge.analysis.problem.classification import Points
from straightedge.estimators import analytic_gumbel_rao as source
from straightedge.estimators.analytic_gumbel_rao import AnalyticGumbelRao, analytic_gumbel_rao
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.zgr import Zgr, zgr

pytestmark = pytest.mark.exact

EDGES = sorted(side for power in range(1, 9) for side in (10.0**-power, 1 - 10.0**-power))


def slopes(rule, a, noise, **options):
    """[2], given the states -1 and +1."""
    inputs = torch.full((2,), a, dtype=torch.float64, requires_grad=True)
    p = noise.cdf(inputs.detach())
    return torch.autograd.grad(rule(inputs, torch.stack(((1 + p[0]) / 2, p[1] / 2)), noise, **options).sum(), inputs)[0]


def integral(a, x, noise, tau):
    """E[d x_tau / d a | x] by adaptive quadrature over the noise's quantile; the relaxed state and its derivative written out."""
    rate = 4 * float(noise.density(torch.zeros((), dtype=torch.float64))) / tau

    def value(v):
        z = x * noise.quantile(noise.cdf(torch.tensor(x * a, dtype=torch.float64)) * v)
        return float(rate / 2 / torch.cosh((a - z) * rate / 2) ** 2)

    return quad(value, 0, 1, points=EDGES, limit=1000, epsabs=1e-10)[0]


@pytest.mark.wide
@pytest.mark.parametrize("noise", NOISES)
def test_against_quadrature(noise):
    for tau in (1.5, 0.5, 0.05):
        for a in (-0.7, 0.1, 3.0):
            found = slopes(analytic_gumbel_rao, a, NOISES[noise], tau=tau)
            for x, slope in zip((-1.0, 1.0), found, strict=True):
                if float(NOISES[noise].cdf(torch.tensor(x * a))) > 0:
                    assert float(slope) == pytest.approx(integral(a, x, NOISES[noise], tau), rel=3e-4)


@pytest.mark.wide
def test_means_and_variances_among_its_relatives():
    """The mean is that of st_gumbel, the variance less, and both are zgr's as tau goes to zero."""
    network = Points((3, 2), points=5).build()
    for tau in (1.0, 0.3):
        own, other = exact_moments(AnalyticGumbelRao(tau), network), exact_moments(StGumbel(tau), network)
        torch.testing.assert_close(own.mean, other.mean, rtol=1e-4, atol=1e-6)
        assert float(own.variance.sum()) < 0.99 * float(other.variance.sum())
    own, limit = exact_moments(AnalyticGumbelRao(1e-4), network), exact_moments(Zgr(), network)
    torch.testing.assert_close(own.mean, limit.mean, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(own.variance, limit.variance, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(slopes(analytic_gumbel_rao, 2.0, NOISES["logistic"], tau=1e-6), slopes(zgr, 2.0, NOISES["logistic"]),
                               rtol=1e-5, atol=0)


def test_coarse_nodes_are_seen(monkeypatch):
    source.nodes.cache_clear()
    monkeypatch.setattr(source, "STEP", 3.0)
    found = slopes(analytic_gumbel_rao, 0.1, NOISES["logistic"], tau=0.05)[1]
    source.nodes.cache_clear()
    assert float(found) != pytest.approx(integral(0.1, 1.0, NOISES["logistic"], 0.05), rel=3e-4)
