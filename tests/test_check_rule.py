"""What `check_rule` says of activations written as their users write them: the rule, the noise, whether the two passes agree."""

import pytest
import torch
from torch.autograd import Function

import straightedge as se

pytestmark = pytest.mark.sampled


def written(forward, backward):
    """A torch.autograd.Function as found in repositories: these states, this derivative."""
    class Written(Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return forward(a)

        @staticmethod
        def backward(ctx, g):
            return g * backward(ctx.saved_tensors[0])

    return Written.apply


def sign(a):
    return torch.where(a > 0, 1.0, -1.0)


def step(a):
    return (a > 0).float()


def coin(a, slope=1.0, sampled=torch.sigmoid):
    """x + p - p of the mean p."""
    p = sampled(slope * a)
    return p + (torch.bernoulli(p.detach()) - p).detach()


def carried(through, x):
    """The derivative of `through`, the states x."""
    return through + (x - through).detach()


CASES = {
    "hard tanh": (lambda a: carried(torch.nn.functional.hardtanh(a), sign(a)), False, None, "clipped_identity", "uniform"),
    "clipped": (written(sign, lambda a: (a.abs() <= 1).float()), False, None, "clipped_identity", "uniform"),
    "identity": (written(sign, torch.ones_like), False, None, "identity", None),
    "identity of bits": (written(step, torch.ones_like), False, None, "identity, times 2", None),
    "atan": (written(step, lambda a: 1 / (1 + (torch.pi * a).square())), False, None, "surrogate_gradient (atan)", None),
    "fast sigmoid": (written(step, lambda a: (25 * a.abs() + 1).pow(-2)), False, None,
                     "surrogate_gradient (super_spike, sharpness=25)", None),
    "tanh": (lambda a: carried(torch.tanh(3 * a), sign(a)), False, None, "surrogate_gradient (sigmoid, sharpness=6)", "logistic (of 6 a)"),
    "damped": (lambda a: carried(0.5 * torch.sigmoid(a), step(a)), False, None, "straight_through under logistic noise, times 0.5",
               "logistic, times 0.5"),
    "coin": (coin, True, "logistic", "straight_through under logistic noise", "logistic"),
    "steep coin": (lambda a: 2 * coin(a, 5.0) - 1, True, "logistic (of 5 a)", "straight_through under logistic (of 5 a) noise",
                   "logistic (of 5 a)"),
    "normal noise, identity": (lambda a: carried(a, sign(a.detach() + torch.randn_like(a))), True, "normal", "identity", None),
    "uniform noise": (lambda a: coin(a, 1.0, lambda z: ((z + 1) / 2).clamp(0, 1)), True, "uniform", "straight_through under uniform noise",
                      "uniform"),
    "zgr": (lambda a: se.bernoulli(a, rule="zgr"), True, "logistic", "zgr under logistic noise", "logistic"),
    "tempered": (lambda a: se.bernoulli(a, rule="tempered", noise="normal"), True, "normal", "tempered under normal noise", None),
    "st_gumbel, another temperature": (lambda a: se.bernoulli(a, rule="st_gumbel:tau=1", states=(0, 1)), True, "logistic",
                                       "st_gumbel (tau=1)", None),
    "st_gumbel": (lambda a: se.bernoulli(a, rule="st_gumbel", states=(0, 1)), True, "logistic", "st_gumbel under logistic noise", None),
}


@pytest.mark.parametrize("name", CASES)
def test_what_it_is(name):
    function, random, noise, rule, slope_noise = CASES[name]
    found = se.check_rule(function)
    assert found.random == random and found.elementwise
    assert (found.noise and str(found.noise)) == noise and str(found.rule) == rule
    assert (found.slope_noise and str(found.slope_noise)) == slope_noise and found.falling is None


def test_right_and_wrong_means():
    """Of zgr and straight-through the mean derivative is F'; the identity's is not, by 1 / (2 rho(0)) - 1 = 25 % of it at normal noise's
    middle and by all of it far away: 1 against 2 rho(0) = 0.80."""
    assert se.check_rule(CASES["zgr"][0]).mean_error < 0.02 and se.check_rule(CASES["coin"][0]).mean_error < 0.02
    assert se.check_rule(CASES["normal noise, identity"][0]).mean_error == pytest.approx(1 / 0.798, rel=0.02)


def test_a_slightly_wrong_derivative_is_seen():
    assert str(se.check_rule(lambda a: carried(1.05 * torch.nn.functional.hardtanh(a), sign(a))).rule) == "clipped_identity, times 1.05"
    crooked = se.check_rule(written(sign, lambda a: (1 + 0.1 * a) * (a.abs() <= 1)))
    assert crooked.rule is None and crooked.slope_noise is None


def test_neighbours_and_thresholds_are_said():
    shared = se.check_rule(lambda a: carried(a, sign(a - a.mean(1, keepdim=True).detach())))
    assert not shared.elementwise and "beware    a unit depends on" in str(shared)
    moved = se.check_rule(written(lambda a: sign(a - 1.0), torch.ones_like))
    assert moved.threshold == -1.0 and "by the sign of a-1 alone" in str(moved)


def test_a_derivative_of_the_wrong_sign_is_said():
    """One published surrogate is +1 below the threshold and -1 above it."""
    found = se.check_rule(written(step, lambda a: torch.where(a < 0, 1.0, -1.0)))
    assert "below zero at a = 0.05 to 5.9" in str(found)


def test_the_generator_is_left_as_it_was():
    before = torch.random.get_rng_state()
    se.check_rule(coin)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("function", "message"), (
    (lambda a: torch.sigmoid(a), "different values between"),
    (lambda a: sign(a), "no gradient"),
    (lambda a: a.sum(), "expected a state for each unit"),
    (lambda a: "x", "gives str"),
    (lambda a: a[5000:, 500], "fails on a tensor of shape"),
    (lambda a: torch.ones_like(a) + torch.zeros(a.shape, requires_grad=True), "do not depend on the pre-activations"),
    (written(step, lambda a: torch.exp(-25 * a) / torch.exp(-25 * a)), "NaN or infinite at a = -5.95 in float32"),
))
def test_what_is_no_activation_is_refused(function, message):
    with pytest.raises(se.InputError, match=message):
        se.check_rule(function)
