"""BayesBiNN: the published formula, what its constants do, and where it is refused."""

import pytest
import torch
from enumeration import polynomial, vector
from quadrature import mean, unit

from straightedge.estimators.bayesbinn import Bayesbinn, bayesbinn
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import LogisticLoss
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import LOGISTIC, NOISES, Logistic

pytestmark = pytest.mark.sampled

A = torch.linspace(-2.9, 2.9, 60, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
PUBLISHED = 1e-10


def pair(a, u, noise, **constants):
    """(w, factor)."""
    a = a.clone().requires_grad_()
    w = bayesbinn(a, u, noise, **constants)
    return w.detach(), torch.autograd.grad(w.sum(), a)[0]


@pytest.mark.parametrize("tau, epsilon", ((1.0, 1e-10), (0.3, 1e-10), (0.7, 0.1), (PUBLISHED, PUBLISHED)))
def test_published_formula(tau, epsilon):
    """w = tanh((lambda + logit(e) / 2) / tau), e = 1 - u; factor (1 - w^2 + epsilon) / (tau (1 - mu^2 + epsilon))."""
    e = 1 - U
    w = torch.tanh((A + torch.log(e / (1 - e)) / 2) / tau)
    factor = (1 - w * w + epsilon) / (tau * (1 - torch.tanh(A) ** 2 + epsilon))
    found = pair(A, U, NOISES["logistic2"], tau=tau, epsilon=epsilon)
    torch.testing.assert_close(found[0], w, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found[1], factor, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("a", (-1.5, 0.0, 0.4))
def test_sane_constants_estimate_the_derivative_by_the_mean(a):
    """1 for a linear loss as tau -> 0 with epsilon small beside it: the error falls like tau^2."""
    errors = [mean(lambda a, u, noise, t=tau: bayesbinn(a, u, noise, t), a, NOISES["logistic2"]) - 1 for tau in (0.1, 0.05)]
    assert abs(errors[0]) < 0.1 and errors[0] / errors[1] == pytest.approx(4, rel=0.2)


def test_published_constants_never_see_the_relaxation():
    """w is hard and the factor 1 / (1 - mu^2): too long by that even for a linear loss, up to 1e10 where the weight saturates."""
    for a in (-1.5, 0.0, 0.4, 3.0):
        rule, mu = Bayesbinn(PUBLISHED, PUBLISHED).unit, torch.tanh(torch.tensor(a, dtype=torch.float64)).item()
        w, factor, weight = unit(rule, a, NOISES["logistic2"])
        hard = w.abs() == 1
        assert (weight * hard).sum() > 1 - 1e-8
        torch.testing.assert_close(factor[hard], torch.full_like(factor[hard], 1 / (1 - mu * mu + PUBLISHED)), rtol=1e-5, atol=0)
    saturated = torch.full((1,), 20.0, dtype=torch.float64)
    _, factor = pair(saturated, saturated / 40, NOISES["logistic2"], tau=PUBLISHED, epsilon=PUBLISHED)
    assert factor.item() == pytest.approx(1e10, rel=1e-6)


def test_the_scale_is_the_noise_s():
    """lambda under F = s(2 lambda) is a / 2 under F = s(a): the same weight, at the same temperature of lambda's own scale."""
    w2, by_mean2 = pair(A / 2, U, Logistic(2.0), tau=0.4)
    w1, by_mean1 = pair(A, U, LOGISTIC, tau=0.4)
    torch.testing.assert_close(w1, w2)
    torch.testing.assert_close(by_mean1, by_mean2, rtol=1e-6, atol=1e-8)


def test_rows_are_the_natural_gradient():
    """Of E f by the means of the weights; the gradient by theta is 2 rho times it."""
    network = vector(lambda x: x @ torch.tensor((1.0, -0.7, 0.4), dtype=x.dtype), NOISES["logistic2"])
    rows = Bayesbinn(tau=0.3)(network, 40_000, torch.Generator().manual_seed(0))
    error = rows.std(0) / len(rows) ** 0.5
    scale = torch.stack([torch.tensor(mean(Bayesbinn(tau=0.3).unit, a, network.noise)) for a in network.theta.tolist()])
    expected = scale * torch.tensor((1.0, -0.7, 0.4), dtype=torch.float64)
    assert ((rows.mean(0) - expected).abs() < 5.5 * error).all() and (expected.abs() > 20 * error).all()


def test_refused_where_there_are_no_weights():
    one = torch.ones(1, 1, dtype=torch.float64)
    deep = Network.of([one, one], [one[0], one[0]], one, one, LogisticLoss())
    with pytest.raises(Unsuitable, match="bayesbinn: .* Bernoulli weights"):
        Bayesbinn().check(deep)
    Bayesbinn().check(vector(polynomial(1)))
    with pytest.raises(ValueError, match="bayesbinn: epsilon = 0.0 must be positive"):
        Bayesbinn(1.0, 0.0)
