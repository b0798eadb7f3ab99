"""assert_unbiased at its edges: large and small losses, certain units, batches, odd types, NaN, arguments without meaning."""

import warnings

import numpy as np
import pytest
import torch
from test_unbiased import A, arm, loss, reinforce

from straightedge.analysis.check.enumeration import Enumeration
from straightedge.analysis.check.unbiased import Outcome, RareEvent, assert_unbiased, enumerated, judge, validated

pytestmark = pytest.mark.unit

WRONG = {"zeros": 0.0, "turned round": -1.0, "twice": 2.0}


@pytest.mark.wide
@pytest.mark.parametrize("factor", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("scale", (1e-12, 1e-30, 1e20))
def test_losses_of_any_size(factor, scale):
    def small(x):
        return scale * loss(x)

    assert judge(arm, small, A).outcome == Outcome.UNBIASED
    assert judge(lambda *given: factor * arm(*given), small, A).outcome == Outcome.BIASED


@pytest.mark.parametrize("factor", WRONG.values(), ids=WRONG)
def test_gradient_small_beside_a_constant_is_not_zero(factor):
    """The constant is 4e11, the gradient 1: right to the eight digits that the loss has left."""
    def large(x):
        return loss(x) + 4e11

    assert judge(arm, large, A, resolution=0.2).outcome == Outcome.UNBIASED
    assert judge(lambda *given: factor * arm(*given), large, A, resolution=0.2).outcome == Outcome.BIASED
    assert judge(reinforce, large, A, rows=1 << 14).outcome == Outcome.UNKNOWN


def test_gradient_lost_in_rounding_is_zero_in_units_of_the_loss():
    found = Enumeration.of(lambda x: loss(x) + 4e20, A, (0.0, 1.0))
    assert found.zero and found.unit > 1e18
    assert not Enumeration.of(lambda x: 1e-300 * loss(x), A, (0.0, 1.0)).zero


def test_gradient_of_certain_units_keeps_its_digits():
    """Against F' times the difference of losses, in 40-digit arithmetic."""
    from mpmath import exp, mp

    mp.dps = 40
    for logit in (5.0, 20.0, 38.0, 50.0, -50.0):
        found = enumerated(lambda x: 3 * x[..., 0] + x[..., 1] + 1e3, [0.4, logit])[1]
        upper = 1 / (1 + exp(-mp.mpf(logit)))
        assert float(found) == pytest.approx(float(upper / (1 + exp(mp.mpf(logit)))), rel=1e-12)


@pytest.mark.parametrize("estimate", (reinforce, arm))
def test_certain_unit_does_not_silence_another(estimate):
    logits = [0.4, -0.8, 15.0]

    def turned(*given):
        return estimate(*given) * torch.tensor([1.0, -1.0, 1.0])

    assert judge(turned, loss, logits).outcome == Outcome.BIASED
    with pytest.warns(RareEvent, match="probability 3e-07 and was hardly seen"):
        found = assert_unbiased(estimate, loss, logits)
    assert "hardly seen" in str(found)


def test_nothing_is_warned_of_where_all_was_seen():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_unbiased(arm, loss, A)


def batch_baseline(logits, f, rng):
    x = (torch.rand(logits.shape, generator=rng, dtype=logits.dtype) < torch.sigmoid(logits)).to(logits)
    return (f(x) - f(x).mean()).unsqueeze(-1) * (x - torch.sigmoid(logits))


def baseline_of_others(logits, f, rng):
    x = (torch.rand(logits.shape, generator=rng, dtype=logits.dtype) < torch.sigmoid(logits)).to(logits)
    others = (f(x).sum() - f(x)) / max(1, len(x) - 1)
    return (f(x) - others).unsqueeze(-1) * (x - torch.sigmoid(logits))


def neighbours(logits, f, rng):
    u = torch.rand((len(logits) + 1) // 2, logits.shape[1], generator=rng, dtype=logits.dtype)
    x = (torch.cat((u, 1 - u))[: len(logits)] < torch.sigmoid(logits)).to(logits)
    return f(x).unsqueeze(-1) * (x - torch.sigmoid(logits))


@pytest.mark.wide
@pytest.mark.parametrize(("estimate", "expected", "said"), (
    (batch_baseline, Outcome.BIASED, "in calls of 1 rows"),
    (baseline_of_others, Outcome.DEPENDENT, "rows of calls of 1 follow another law"),
    (neighbours, Outcome.DEPENDENT, "rows of a call")))
def test_rows_that_share_something(estimate, expected, said):
    """Found with 6 seeds of 6."""
    for seed in range(6):
        found = judge(estimate, loss, A, seed=seed, rows=1 << 14)
        assert found.outcome == expected and said in str(found), found
    with pytest.raises(AssertionError, match=f"^{expected}"):
        assert_unbiased(estimate, loss, A)


@pytest.mark.parametrize("odd", (lambda x: x[..., 0] > x[..., 1], lambda x: (3 * x[..., 0] + x[..., 1]).long(),
                                 lambda x: (x.sum(-1) ** 2).numpy()), ids=("boolean", "integer", "numpy"))
@pytest.mark.parametrize("logits", ([0.4, -0.8, 1.1], np.array([0.4, -0.8, 1.1]), A), ids=("list", "array", "tensor"))
def test_losses_and_logits_of_other_types(odd, logits):
    assert judge(arm, odd, logits, resolution=0.1).outcome == Outcome.UNBIASED


def test_not_a_number_is_blamed_on_what_made_it():
    with pytest.raises(ValueError, match=r"loss: it is nan at the state \[0.0, 0.0, 0.0\], and not finite at 1 of 8 states"):
        judge(reinforce, lambda x: x.sum(-1) / x.sum(-1), A)
    with pytest.raises(AssertionError, match="the estimate holds NaN or infinity in 1 of 1 rows; every loss that it asked for was finite"):
        judge(lambda logits, f, rng: logits / 0, loss, A)

    def between(logits, f, rng):
        return reinforce(logits, f, rng) * f(torch.sigmoid(logits)).unsqueeze(-1)

    with pytest.raises(AssertionError, match="the loss made it: it is nan at "):
        judge(between, lambda x: torch.where(((x == 0) | (x == 1)).all(-1), x.sum(-1), torch.nan), A)


@pytest.mark.parametrize(("options", "said"), (
    ({"rows": 0}, "rows: expected a whole number from 1"), ({"rows": 2.5}, "rows: "), ({"rows": True}, "rows: "),
    ({"resolution": 0}, "resolution: expected a number above 0"), ({"resolution": float("nan")}, "resolution: "),
    ({"false_alarm": 1.0}, "false_alarm: expected a number above 0 and below 1"), ({"false_alarm": "few"}, "false_alarm: "),
    ({"states": (1, 1)}, "states: expected two different finite numbers"), ({"states": 3}, "states: "), ({"seed": -1}, "seed: "),
    ({"batched": "no"}, "batched: expected True or False")))
def test_arguments_without_meaning_are_refused(options, said):
    right = {"rows": 10, "resolution": 0.05, "false_alarm": 1e-6, "seed": 0, "states": (0, 1), "batched": True}
    validated(reinforce, loss, **right)
    with pytest.raises(ValueError, match=f"^{said}"):
        validated(reinforce, loss, **right | options)


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(ValueError, match="say batched=False"):
        judge(lambda logits, f, rng: logits[0], loss, A)
    with pytest.raises(ValueError, match="loss must map states"):
        judge(reinforce, lambda x: x, A)
    with pytest.raises(ValueError, match="one vector of 1 to 20 logits"):
        judge(reinforce, loss, torch.zeros(21))
    with pytest.raises(ValueError, match="finite real numbers"):
        judge(reinforce, loss, [0.0, float("inf")])
    with pytest.raises(ValueError, match="expected a vector of numbers, got str"):
        judge(reinforce, loss, "0.5")
    with pytest.raises(ValueError, match="estimate: expected a function"):
        validated(None, loss)
    with pytest.raises(ValueError, match="rows: expected a whole number from 1, got 0"):
        assert_unbiased(reinforce, loss, A, rows=0)
    with pytest.raises(ValueError, match="complex"):
        judge(lambda logits, f, rng: logits + 0j, loss, A)


def of_the_batch(x):
    """Its mean over what it is asked about is zero."""
    return loss(x) - loss(x).mean()


@pytest.mark.parametrize(("wrong", "words"), ((lambda x: loss(x) + torch.rand(x.shape[:-1]), "asked again"), (of_the_batch, "asked again"),
                                              (lambda x: loss(x.mul_(0.5)), "writes into the states")), ids=("random", "batch", "writing"))
def test_a_loss_is_a_function_of_one_state(wrong, words):
    with pytest.raises(ValueError, match=words):
        judge(arm, wrong, A)
