"""Is this function an unbiased estimator of a gradient?  For code that is not ours: one line in anyone's pytest.

    assert_unbiased(estimate, loss, logits)

`estimate(logits, loss, rng)` estimates the gradient by the logits of E loss(x), for one vector x of independent bits with
P(x_i = 1) = sigmoid(logits_i).  Its mean is held against exact enumeration, with more and more rows, until it is

    unbiased     every bias is, at 95 %, below `resolution` times the length of the exact gradient
    biased       a bias is seen that an unbiased estimator shows with probability `false_alarm`, all looks and coordinates together
    dependent    no bias is seen, but the rows of a call depend on each other or on how many they are
    cannot tell  none of these, with the rows that were allowed

Shapes: n rows, u units (bits).
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral, Real

import torch
from jaxtyping import Float
from scipy.stats import norm
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import EVENTS
from straightedge.analysis.check.batch import Shown, batches, dependence
from straightedge.analysis.check.enumeration import Enumeration, HiddenBiasTest, Loss, vector_of
from straightedge.estimators.network.error import InputError

Estimate = Callable[[Tensor, Loss, torch.Generator], Tensor]

CONFIDENCE = 0.95
FIRST, CHUNK = 1024, 65536


class Outcome(StrEnum):
    """What can be said of the mean."""

    UNBIASED = "unbiased"
    BIASED = "biased"
    DEPENDENT = "dependent"
    UNKNOWN = "cannot tell"


class RareEvent(UserWarning):
    """States that matter were hardly seen among the rows; the bound counts what they may hide."""


@dataclass(frozen=True)
class Verdict:
    """What the rows say about the mean of an estimate."""

    outcome: Outcome
    rows: int
    """Estimates drawn."""
    scale: float
    """Length of the mean along the exact gradient, over the exact length, minus one."""
    scale_error: float
    """Half the width of its 95 % interval."""
    bound: float
    """No coordinate's bias is larger, nor that of the scale, at 95 % together; relative to the length of the exact gradient."""
    evidence: str
    """What was seen where it is biased or dependent; why it cannot be told, where that is not for want of precision."""
    unseen: str = ""
    """What is too rare to have been seen."""

    def __str__(self) -> str:
        length = f"mean/exact along the gradient {1 + self.scale:.4f} +- {self.scale_error:.4f}"
        unseen = f"; {self.unseen}" if self.unseen else ""
        reason = self.evidence or self.unseen or f"a bias may be up to {self.bound:.1%} of the gradient's length, {length}"
        return {
            Outcome.BIASED: f"biased: {self.evidence} ({self.rows} rows)",
            Outcome.DEPENDENT: f"dependent: {self.evidence}; rows must be independent of each other, in calls of any size",
            Outcome.UNBIASED: f"unbiased: any bias is below {self.bound:.1%} of the gradient's length at 95 % "
                              f"({self.rows} rows, {length}{unseen})",
            Outcome.UNKNOWN: f"cannot tell with {self.rows} rows: {reason}; allow more rows, or a coarser resolution"}[self.outcome]


def enumerated(loss: Loss, logits: object, states: tuple[float, float] = (0.0, 1.0)) -> Float[Tensor, " u"]:
    """The exact gradient of E loss(x) by the logits, by enumeration of all states."""
    return Enumeration.of(loss, vector_of(logits), states).gradient


def sampled(estimate: Estimate, loss: Loss, logits: Tensor, n: int, rng: torch.Generator, batched: bool) -> Float[Tensor, "n u"]:
    """n rows of estimates, in the precision that they came in.  Raises AssertionError for NaN, with what made it."""
    calls = [Shown(loss, logits) for _ in range(1 if batched else n)]
    if batched:
        rows = torch.as_tensor(estimate(logits.expand(n, -1).clone(), calls[0], rng))
    else:
        rows = torch.stack([torch.as_tensor(estimate(logits.clone(), shown, rng)).detach() for shown in calls])
    if rows.shape != (n, len(logits)):
        raise InputError(f"estimate must return one gradient a row, shape {(n, len(logits))}, got {tuple(rows.shape)}"
                         + ("; for a function of one vector say batched=False" if batched else ""))
    if rows.dtype.is_complex:
        raise InputError("estimate must return real numbers, got complex ones")
    lost = (~torch.isfinite(rows)).any(1).nonzero().flatten().tolist()
    if lost:
        blame = calls[0 if batched else lost[0]].blame
        raise AssertionError(f"the estimate holds NaN or infinity in {len(lost)} of {n} rows; {blame}")
    return rows.detach().cpu() if rows.dtype.is_floating_point else rows.cpu().double()


def validated(estimate: object, loss: object, **options: object) -> None:
    """Raises InputError for arguments that have no meaning, one sentence each."""
    for name, call in (("estimate", estimate), ("loss", loss)):
        if not callable(call):
            raise InputError(f"{name}: expected a function, got {call!r}")
    rows, states, seed = options["rows"], options["states"], options["seed"]
    for name, least, number in (("rows", 1, rows), ("seed", 0, seed)):
        if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
            raise InputError(f"{name}: expected a whole number from {least}, got {number!r}")
    for name, most in (("resolution", float("inf")), ("false_alarm", 1.0)):
        value = options[name]
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < most:
            raise InputError(f"{name}: expected a number above 0 and below {most:g}, got {value!r}")
    if not isinstance(options["batched"], bool):
        raise InputError(f"batched: expected True or False, got {options['batched']!r}")
    if not isinstance(states, tuple | list) or len(states) != 2 or not all(isinstance(state, Real) for state in states) \
            or states[0] == states[1] or not all(abs(state) < float("inf") for state in states):
        raise InputError(f"states: expected two different finite numbers (lo, hi), got {states!r}")


def judge(estimate: Estimate, loss: Loss, logits: object, *, rows: int = 1 << 20, resolution: float = 0.05, false_alarm: float = 1e-6,
          seed: int = 0, states: tuple[float, float] = (0.0, 1.0), batched: bool = True) -> Verdict:
    """The verdict on an estimate; `batched` says that it takes logits [n, u], one estimate a row, and not one vector [u].

    The global generator is seeded for the time of the call, for estimates that draw from it.  Raises InputError for arguments without
    meaning."""
    validated(estimate, loss, rows=rows, resolution=resolution, false_alarm=false_alarm, seed=seed, states=states, batched=batched)
    vector = vector_of(logits)
    enumeration, rng = Enumeration.of(loss, vector, states), torch.Generator(vector.device).manual_seed(seed)
    test, looks = HiddenBiasTest(enumeration), max(1, (max(rows, 1) - 1).bit_length() - FIRST.bit_length() + 2)
    outcome, evidence, target, small = Outcome.UNKNOWN, "", FIRST, None

    def draw(n: int) -> Tensor:
        return sampled(estimate, loss, vector, n, rng, batched)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if batched:
            small = batches(draw, rows)
            for calls in small:
                tried = held(enumeration, calls)
                if alarm := tried.alarm(false_alarm / 4 / len(small)):
                    outcome, evidence, test = Outcome.BIASED, f"in calls of {calls.shape[1]} rows, {alarm}", tried
                    break
        while outcome == Outcome.UNKNOWN and test.n < rows:
            while test.n < min(target, rows):
                chunk = draw(min(CHUNK, min(target, rows) - test.n))
                test.add(chunk)
            target *= 2
            evidence = test.alarm(false_alarm / 2 / looks)
            if evidence:
                outcome = Outcome.BIASED
            elif small is not None and (evidence := dependence(small, chunk, false_alarm / 4)):
                outcome = Outcome.DEPENDENT
            elif bool((test.judged | (test.hidden > 0)).all()) and bound(test) <= resolution:
                outcome = Outcome.UNBIASED
            small = None
    return Verdict(outcome, test.n, test.scale, test.scale_error, bound(test), evidence, unseen(test))


def held(enumeration: Enumeration, calls: Float[Tensor, "c n u"]) -> HiddenBiasTest:
    """The rows of small calls held against the exact gradient."""
    test = HiddenBiasTest(enumeration)
    test.add(calls.flatten(0, 1))
    return test


def unseen(test: HiddenBiasTest) -> str:
    """What is too rare to be seen in these rows; nothing where all that matters was seen."""
    rarest, hidden = test.enumeration.rarest, float(test.hidden.max())
    if test.n * rarest < EVENTS:
        return (f"a unit's rarer state has probability {rarest:.1g} and was hardly seen in {test.n} rows, which may hide a bias of "
                f"{hidden:.1%} of the gradient's length")
    return f"states too rare for {test.n} rows may hide a bias of {hidden:.1%} of the gradient's length" if hidden else ""


def bound(test: HiddenBiasTest) -> float:
    """What no bias exceeds at 95 %, all statistics together, relative to the length of the exact gradient."""
    quantile = float(norm.isf((1 - CONFIDENCE) / (2 * len(test.bias))))
    return float((test.bias.abs() + quantile * test.error + test.hidden).max()) / test.unit


def assert_unbiased(estimate: Estimate, loss: Loss, logits: object, **options) -> Verdict:
    """The verdict, where it is unbiased; raises AssertionError with the verdict's sentence where it is not, or cannot be told.

    Warns with RareEvent of states that were hardly seen.  Options are those of `judge`: rows, resolution, false_alarm, seed, states,
    batched."""
    found = judge(estimate, loss, logits, **options)
    if found.outcome != Outcome.UNBIASED:
        raise AssertionError(str(found))
    if found.unseen:
        warnings.warn(found.unseen, RareEvent, stacklevel=2)
    return found
