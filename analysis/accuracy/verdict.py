"""What may be said of a bias, from all rows of all seeds at once.

Every coordinate's mean difference is held against its standard error by a score corrected for skewness, and so is the projection on
the gradient; the largest score counts, corrected for their number (Sidak).  From a difference is taken first what is no evidence:

    rounding    from the precision and the sizes summed
    unseen      what events that the rows are expected to show fewer than EVENTS times may carry: the estimator's mean without them is
                off by it though the estimator is unbiased.  Unit probabilities are exact, so it is known which they are (truth.Rare)

A coordinate is not judged where it rests on fewer than EVENTS rows in effect, or where it is the unseen that limits what could be
detected.  It is counted and said, never detected, never declared free of bias.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.accuracy.metric import measured
from straightedge.analysis.accuracy.score import DETECTION, EVENTS, corrected, largest, studentised
from straightedge.analysis.accuracy.single import exact2
from straightedge.analysis.accuracy.sums import Sums
from straightedge.analysis.accuracy.tally import Error, Tally, tally
from straightedge.analysis.accuracy.truth import Truth


class Outcome(Enum):
    """What a verdict says; the values are what the column `outcome` holds."""

    NOT_A_NUMBER = "not a number"
    EXACTLY_BIASED = "exact bias"
    EXACTLY_UNBIASED = "exactly unbiased"
    BIASED = "bias detected"
    NOT_DETECTED = "not detected"
    CANNOT_TELL = "cannot tell"

    @property
    def detected(self) -> bool | None:
        """True or False; None where nothing can be said."""
        return {Outcome.EXACTLY_BIASED: True, Outcome.BIASED: True, Outcome.EXACTLY_UNBIASED: False,
                Outcome.NOT_DETECTED: False}.get(self)


@dataclass(frozen=True)
class Verdict:
    """On one group."""

    outcome: Outcome
    sentence: str
    bound: float = np.nan
    """What |bias| does not exceed at 95 %, in units of |g| or, where that is zero, of the loss; where none was detected."""
    score: float = np.nan
    """The largest normal score, corrected for the number of statistics."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The statistics of one group: its coordinates, and the projection on the gradient last."""

    z: Float[Tensor, " s"]
    """Normal scores where there is no bias; zero where not judged."""
    judged: Bool[Tensor, " s"]
    slack: Float[Tensor, " s"]
    """Rounding and the unseen."""

    @property
    def score(self) -> float:
        """Of the largest, corrected for their number; NaN where none is judged."""
        count = int(self.judged.sum())
        return largest(float(self.z.abs().max()), count) if count else np.nan


RESOLUTION = 0.01
"""Slack of this part of the gradient's length does not keep a coordinate from being judged; it is part of the bound."""
ROUNDED = 1e-9
"""Exact moments that are off by less than this part of the gradient's length are off by rounding."""


def evidence(sums: Sums, truth: Truth, where: slice, index: int) -> Evidence:
    """Of the sums over all rows, coordinates and projections, for the group of this number."""
    g, unit = truth.exact[where], truth.directions[where, index]
    columns = [*range(len(truth.exact))[where], len(truth.exact) + index]
    own, n = sums.at(columns), sums.n
    difference = own.mean - torch.cat((g, (g @ unit)[None]))
    variance, third, events = own.variance / n, own.third / n**3, own.events
    if truth.run is not None:
        ran, n = truth.run.sums.at([*columns[:-1], 0]), min(n, truth.run.sums.n)
        variance, third = variance + ran.variance / ran.n, third - ran.third / ran.n**3
        events = torch.minimum(events, ran.events)
    share, part = torch.zeros_like(g), truth.rounding[where]
    varies = variance * sums.n > torch.cat((part, (unit.abs() @ part)[None])).square()
    if truth.rare is not None:
        size, share = g.abs() + (own.mean.square() + own.variance)[:-1].sqrt(), truth.rare.shares(n)[where]
        part = part + torch.minimum(size, share * size + truth.rare.unseen(n) * truth.rare.size[where])
    slack = torch.cat((part, (unit.abs() @ part)[None]))
    beyond = difference.sign() * (difference.abs() - slack).clamp_min(0)
    error = torch.where(varies, variance, 1.0).sqrt()
    z = torch.where(varies, studentised(corrected(beyond / error, third / error.pow(3)), n), beyond.sign() / 0.0)
    limited = slack > torch.maximum(DETECTION * error * varies, (RESOLUTION * g.norm()).clamp_min(4 * float(truth.rounding.max())))
    judged = ((events >= EVENTS) | ~varies) & (~limited | (beyond != 0)) & (torch.cat((share, share.new_zeros(1))) < 1)
    if truth.run is not None or not bool(g.any()):
        judged[-1] = False
    return Evidence(torch.where(judged & (beyond != 0), z, 0.0), judged, slack)


def kept(error: Error, judged: Bool[Tensor, " k"]) -> Error:
    """Of these coordinates alone."""
    return Error(error.n, error.variance[judged], error.means[:, judged])


def sampled_verdict(replicates: Sequence[Accuracy], group: str) -> Verdict:
    """From all rows of all seeds."""
    truth, found = replicates[0].truth, tally(replicates, group)
    if not found.finite:
        return nothing(found)
    where, index = truth.groups[group], list(truth.groups).index(group)
    sums = sum((one.sums for one in replicates), Sums.none(replicates[0].sums.mean))
    shown = evidence(sums, truth, where, index)
    judged, length2 = shown.judged[:-1], exact2(found)
    count, whole = int(judged.sum()), len(judged)
    left = "" if count == whole else f"; {whole - count} of {whole} coordinates not judged: too few events"
    score = shown.score
    if truth.run is not None and not length2.low > 0:
        return Verdict(Outcome.CANNOT_TELL, "cannot tell: the reference is too short to tell its gradient from nothing", score=score)
    zero = not found.length
    unit, of = (truth.loss, " of the loss, the exact gradient is zero") if zero else (length2.value**0.5, "")
    if score > DETECTION:
        return Verdict(Outcome.BIASED, f"bias detected (z = {score:.1f}), {between(measured(found, 'bias2'), unit)}{of}", score=score)
    if not count:
        return Verdict(Outcome.CANNOT_TELL, f"cannot tell: too few events, {whole} of {whole} coordinates not judged", score=score)
    square = found.square((found.mean - found.exact)[judged], [kept(error, judged) for error in found.errors])
    bound = (square.bound() ** 0.5 + float(shown.slack[:-1][judged].norm())) / unit
    return Verdict(Outcome.NOT_DETECTED, f"not detected, |bias| below {100 * bound:.2g} % at 95 %{of}{left}", bound, score)


def between(square: Estimate, unit: float) -> str:
    """The interval of a root, in percent."""
    low, high = (100 * max(end, 0.0) ** 0.5 / unit for end in (square.low, square.high))
    return f"{low:.3g} to {high:.3g} %"


def nothing(found: Tally) -> Verdict:
    """Where something is NaN or infinite: what."""
    what = "the exact gradient" if not bool(torch.isfinite(found.exact).all()) else "an estimate" if found.rows else "an exact moment"
    return Verdict(Outcome.NOT_A_NUMBER, f"not a number: {what} is NaN or infinite")


def exact_verdict(found: Tally, truth: Truth, group: str) -> Verdict:
    """From exact moments."""
    if not found.finite:
        return nothing(found)
    bias, zero = float((found.mean - found.exact).norm()), not found.length
    if bias <= ROUNDED * found.length + float(truth.rounding[truth.groups[group]].norm()):
        return Verdict(Outcome.EXACTLY_UNBIASED, "no bias (exact, to rounding)" + zero * ", the exact gradient is zero", 0.0)
    if zero:
        return Verdict(Outcome.EXACTLY_BIASED, f"bias {100 * bias / truth.loss:.3g} % of the loss (exact), the exact gradient is zero")
    return Verdict(Outcome.EXACTLY_BIASED, f"bias {100 * bias / found.length:.3g} % (exact)")
