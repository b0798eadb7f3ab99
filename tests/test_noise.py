"""Noises against scipy's distributions, numerical integrals and finite differences."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.autograd import gradcheck

from straightedge.estimators.network.noise import NOISES

pytestmark = pytest.mark.unit

TWINS = {"logistic": stats.logistic(), "logistic2": stats.logistic(scale=0.5), "uniform": stats.uniform(-1, 2),
         "triangular": stats.triang(0.5, -2, 4), "normal": stats.norm()}
A = torch.linspace(-3.05, 3.05, 62, dtype=torch.float64)  # avoids the corners of the piecewise densities


@pytest.mark.parametrize("name", NOISES)
def test_distribution(name):
    noise, twin = NOISES[name], TWINS[name]
    np.testing.assert_allclose(noise.cdf(A), twin.cdf(A), atol=1e-15)
    np.testing.assert_allclose(noise.density(A), twin.pdf(A), atol=1e-15)
    u = torch.linspace(0.01, 0.99, 51, dtype=torch.float64)
    np.testing.assert_allclose(noise.quantile(u), twin.ppf(u), atol=1e-13)


@pytest.mark.parametrize("name", NOISES)
def test_score_is_the_derivative_of_the_log_probability(name):
    noise = NOISES[name]
    a = A[noise.density(A) > 1e-6]
    for upper, sign in ((True, 1), (False, -1)):
        step = 1e-6
        numeric = (noise.cdf(sign * (a + step)).log() - noise.cdf(sign * (a - step)).log()) / (2 * step)
        np.testing.assert_allclose(noise.score(a, torch.full(a.shape, upper)), numeric, rtol=2e-6, atol=1e-8)


@pytest.mark.parametrize("name", NOISES)
def test_score_has_mean_zero_and_is_finite_in_the_tails(name):
    noise, far = NOISES[name], torch.tensor([-300.0, -30.0, 30.0, 300.0], dtype=torch.float64)
    a = torch.cat((A, far))
    ones = torch.ones(a.shape, dtype=torch.bool)
    scores = noise.score(a, ones), noise.score(a, ~ones)
    mean = noise.cdf(a) * scores[0] + noise.cdf(-a) * scores[1]
    assert all(bool(score.isfinite().all()) for score in scores)
    np.testing.assert_allclose(mean, 0, atol=1e-12)


@pytest.mark.parametrize("name", NOISES)
def test_logit_slope(name):
    noise = NOISES[name]
    inside = (noise.density(A) > 1e-6)
    a = A[inside]
    np.testing.assert_allclose(noise.logit_slope(a), noise.density(a) / (noise.cdf(a) * noise.cdf(-a)), rtol=1e-12)
    assert bool(noise.logit_slope(torch.tensor([-500.0, 500.0], dtype=torch.float64)).isfinite().all())


@pytest.mark.parametrize("name", ["logistic", "logistic2", "normal", "triangular"])
def test_density_is_the_derivative_for_autograd_too(name):
    assert gradcheck(NOISES[name].cdf, A.clone().requires_grad_())
