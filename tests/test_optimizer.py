"""Optimisers of latent weights against what they are: mirror descent by its definition, natural gradient, averages; all to rounding."""

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import nn

import straightedge as se
from straightedge.analysis.lesson.enumerated import Enumerated, data, losses
from straightedge.analysis.lesson.method import way
from straightedge.estimators.network.error import InputError
from straightedge.estimators.optimizer.bayesbinn import BayesBiNN
from straightedge.estimators.optimizer.bop import Bop
from straightedge.estimators.optimizer.latent_descent import LatentDescent
from straightedge.estimators.optimizer.md_tanh import MDTanh
from straightedge.estimators.optimizer.projected_descent import ProjectedDescent

pytestmark = pytest.mark.exact
SLOPES = torch.tensor([[0.7, -1.3, 0.02], [-0.4, 0.9, 2.0], [1.5, 0.1, -0.6]], dtype=torch.float64)
START = torch.tensor([0.3, -2.0, 0.0], dtype=torch.float64)


def moved(optimizer, slopes=SLOPES, start=START, **settings):
    """The latent weights after steps along these derivatives."""
    latent = start.clone().requires_grad_()
    made = optimizer([latent], **settings)
    for slope in slopes:
        latent.grad = slope.clone()
        made.step()
    return latent.detach().numpy()


def test_gradient_steps_on_latent_weights_are_exponentiated_gradients_of_the_probabilities():
    p = 1 / (1 + np.exp(-START.numpy()))
    for slope in SLOPES.numpy():
        up, down = p * np.exp(-0.8 * slope), 1 - p
        p = up / (up + down)
    found = 1 / (1 + np.exp(-moved(LatentDescent, lr=0.8)))
    np.testing.assert_allclose(found, p, rtol=1e-14)


def divergence(mu, other):
    """KL of two weights in {-1, +1} with these means."""
    return sum((1 + sign * mu) / 2 * np.log((1 + sign * mu) / (1 + sign * other)) for sign in (1, -1))


def proximal(start, slope, rate, decay):
    """The mean that the mirror step's definition gives, found by a search."""
    def objective(mu):
        return rate * slope * mu + rate * decay * divergence(mu, 0.0) + divergence(mu, np.tanh(start))

    return minimize_scalar(objective, bounds=(-1 + 1e-12, 1 - 1e-12), method="bounded", options={"xatol": 1e-12}).x


class Explicit(LatentDescent):
    """Decay as most people write it: no mirror step."""

    def move(self, latent, slope, group, state):
        latent.mul_(1 - group["lr"] * group["decay"]).sub_(slope, alpha=group["lr"])


@pytest.mark.parametrize(("kind", "right"), ((LatentDescent, True), (Explicit, False)))
def test_decay_is_a_divergence_from_a_fair_coin(kind, right):
    found = np.tanh(moved(kind, SLOPES[:1], lr=0.5, decay=0.6))
    truth = [proximal(start, slope, 0.5, 0.6) for start, slope in zip(START.numpy(), SLOPES[0].numpy(), strict=True)]
    assert np.allclose(found, truth, atol=1e-7) is right


def test_bayesbinn_is_the_mirror_step_with_decay():
    share, points = 0.03, 40
    mirror = moved(LatentDescent, lr=points * share / (1 - share), decay=1 / points)
    np.testing.assert_allclose(moved(BayesBiNN, lr=share, points=points), mirror, rtol=1e-13)


def test_bop_without_threshold_is_the_sign_of_bayesbinns_latent_weights():
    slopes = torch.randn(200, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    start = torch.where(torch.arange(50) % 2 == 0, 1.0, -1.0).double()
    weights = moved(Bop, slopes, start, lr=0.1)
    latent = moved(BayesBiNN, slopes, torch.zeros(50, dtype=torch.float64), lr=0.1, points=1)
    assert np.array_equal(np.sign(weights), np.sign(latent)) and set(weights) == {-1.0, 1.0}


def test_bop_with_a_threshold_is_no_function_of_an_average():
    """The same derivatives, so the same averages, from two starts: the weights stay apart."""
    slopes, start = torch.full((5, 1), 0.01, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    assert moved(Bop, slopes, start, lr=0.1, threshold=0.1) == 1 and moved(Bop, slopes, -start, lr=0.1, threshold=0.1) == -1
    assert moved(Bop, slopes, start, lr=0.1) == moved(Bop, slopes, -start, lr=0.1) == -1


def test_md_tanh_is_the_mean_mirror_step_where_the_loss_is_multi_affine():
    def slope(w):
        return np.array([2 * w[1] * w[2], 2 * w[0] * w[2] - w[2], 2 * w[0] * w[1] - w[1] + 0.5])

    latent = START.numpy()
    for _ in range(4):
        mean = np.tanh(latent)
        expected = sum(np.prod([(1 + sign * m) / 2 for sign, m in zip(w, mean, strict=True)]) * slope(w)
                       for w in itertools.product((-1, 1), repeat=3))
        np.testing.assert_allclose(slope(mean), expected, atol=1e-15)
        after = moved(MDTanh, torch.tensor(slope(mean))[None], torch.tensor(latent), lr=0.3)
        np.testing.assert_allclose(after, moved(LatentDescent, torch.tensor(expected)[None], torch.tensor(latent), lr=0.3), rtol=1e-13)
        latent = after


def test_md_tanh_sharpens():
    eta, beta = START.numpy() / 1.0, 1.0
    for slope in SLOPES.numpy():
        eta, beta = eta - 0.3 * slope, beta * 1.5
    np.testing.assert_allclose(moved(MDTanh, lr=0.3, growth=1.5), beta * eta, rtol=1e-13)


def test_projected_steps_are_projected_gradients_of_the_mean():
    mean = np.clip(START.numpy() / 3, -1, 1)
    start = torch.tensor(mean * 3)
    for slope in SLOPES.numpy():
        mean = np.clip(mean - 0.8 / 3 * slope, -1, 1)
    np.testing.assert_allclose(moved(ProjectedDescent, start=start, lr=0.8, limit=3.0) / 3, mean, rtol=1e-14)


@pytest.mark.parametrize(("name", "power"), (("mirror", 1), ("matched", 2)))
def test_the_rate_goes_with_the_latent_scale(name, power):
    """Identity: to the power 1; matched: 2.  The courses are then the same to rounding, and else not."""
    def course(scale, rate):
        problem = Enumerated(2, 10, name, rate, scale, 1.0, steps=20)
        rule = way(name, rate, scale, 0.0, 10, 20).rule
        return problem.learn(rule, 3, lambda n: None)[2]["all"]["objective"]

    assert course(4.0, 2.0 * 4.0**power) == pytest.approx(course(1.0, 2.0), rel=1e-9)
    assert course(4.0, 2.0) != pytest.approx(course(1.0, 2.0), rel=1e-6)


def brute(mean, units, points):
    """The expected loss, from every state of the weights, in numpy."""
    x, y = (part.numpy() for part in data(points))
    total = 0.0
    for w in itertools.product((-1.0, 1.0), repeat=len(mean)):
        w = np.array(w)
        hidden = np.tanh(1.5 * x @ w[: 3 * units].reshape(units, 3).T / np.sqrt(3))
        z = 1.5 * hidden @ w[3 * units:]
        total += np.prod((1 + w * mean) / 2) * np.log1p(np.exp(-y * z)).mean()
    return total


def test_the_expected_loss_is_the_sum_over_states():
    found = Enumerated(2, 7, "mirror", 0.1, steps=1).learn(way("mirror", 0.1, 1.0, 0.0, 7, 1).rule, 2, lambda n: None)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = 2 * torch.rand(2, 8, dtype=torch.float64) - 1
    for one, latent in zip(found, start.numpy(), strict=True):
        mean = 2 / (1 + np.exp(-latent)) - 1
        assert one["step0"]["objective"] == pytest.approx(brute(mean, 2, 7), rel=1e-12)
        assert one["step0"]["excess"] >= 0 and one["step0"]["mean0"] == pytest.approx(mean[0])


def test_the_table_is_that_of_the_packages_layers():
    """BinaryLinear in its likeliest state, for every one of 16 states."""
    class Gain(nn.Module):
        def forward(self, z):
            return 1.5 * z

    model = nn.Sequential(se.BinaryLinear(3, 1, bias=False, mode="likeliest"), Gain(), nn.Tanh(),
                          se.BinaryLinear(1, 1, bias=False, mode="likeliest"), Gain()).double().eval()
    (x, y), table = data(6), losses(1, 6)
    for place in itertools.product((0, 1), repeat=4):
        state = 2.0 * torch.tensor(place).double() - 1
        model[0].latent.data, model[3].latent.data = state[None, :3], state[None, 3:]
        z = model(torch.cat((x / 3**0.5,), -1))[:, 0]
        assert float(torch.nn.functional.softplus(-y * z).mean()) == pytest.approx(float(table[place]), rel=1e-12)


@pytest.mark.unit
@pytest.mark.parametrize(("kind", "settings", "words"), ((LatentDescent, {"lr": -1.0}, "lr = -1"), (Bop, {"lr": 1.0, "threshold": -2.0},
                                                         "threshold = -2"), (BayesBiNN, {"lr": float("nan"), "points": 1}, "lr = nan")))
def test_what_is_no_setting_is_refused(kind, settings, words):
    with pytest.raises(InputError, match=words):
        kind([nn.Parameter(torch.zeros(1))], **settings)


@pytest.mark.unit
def test_a_torch_loop_with_binary_layers():
    """The optimisers are torch's own kind: groups, zero_grad, state_dict."""
    torch.manual_seed(0)
    model = se.BinaryLinear(4, 2, rule="identity", bias=False)
    optimizer = LatentDescent([{"params": model.parameters(), "decay": 0.1}], lr=0.5)
    before = model.latent.detach().clone()
    model(torch.randn(5, 4)).square().mean().backward()
    slope = model.latent.grad.clone()
    optimizer.step()
    torch.testing.assert_close(model.latent.detach(), (before - 0.5 * slope) / 1.05)
    optimizer.zero_grad()
    optimizer.load_state_dict(optimizer.state_dict())
    assert model.latent.grad is None
