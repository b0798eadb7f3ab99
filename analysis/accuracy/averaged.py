"""The metrics of the mean of M rows: functions of a group's record and M, each a value with its 95 % interval.  `metric` names them.

They are made of three parts: what is across the gradient or off it, a square that is not negative and has an interval of its own; what
is along it; and the variance.  The last two err together, as the blocks say."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import t as student
from torch import Tensor

from straightedge.analysis.accuracy.interval import TAIL, UNDEFINED, Estimate
from straightedge.analysis.accuracy.single import along, average, exact2, told, variance
from straightedge.analysis.accuracy.tally import Error, Tally

Function = Callable[[float, float, float], float]
"""Of what is along the gradient, what is across it or off it, squared, and the variance."""


def mse(tally: Tally, draws: int) -> Estimate:
    """The bias counts as zero where its debiased square is negative."""
    return blended(tally, off(tally), lambda a, square, spread: square + spread / draws, 0.0, np.inf)


def rmse_relative(tally: Tally, draws: int) -> Estimate:
    return relative_root(mse(tally, draws), exact2(tally)) if tally.length else UNDEFINED


def relative_root(square: Estimate, length2: Estimate) -> Estimate:
    """The root of a ratio; a run's error widens it, to infinity where the run does not tell the gradient from nothing."""
    value = float(np.sqrt(max(square.value, 0.0) / length2.value)) if length2.value > 0 else np.nan
    low = float(np.sqrt(max(square.low, 0.0) / length2.high)) if length2.high > 0 else np.nan
    high = float(np.sqrt(max(square.high, 0.0) / length2.low)) if length2.low > 0 else np.inf
    error = float(np.hypot(square.error / max(square.value, 1e-300), length2.error / length2.value)) * value / 2 if value > 0 else 0.0
    return Estimate(value, error if square.error or length2.error else 0.0, low, high)


def rmse_rescaled(tally: Tally, draws: int) -> Estimate:
    """sqrt(2 (1 - cos) + tr S / (M |E r|^2)), cos = A / |E r|."""
    scale = float(np.sqrt(max(exact2(tally).value, 0.0)))

    def root(a: float, across2: float, spread: float) -> float:
        length = np.hypot(a * scale, np.sqrt(across2))
        if not length > 0:
            return np.inf if spread > 0 else np.nan
        off = across2 / (length * (length + a * scale)) if a > 0 else 1 - a * scale / length  # 1 - cos, without cancellation
        return float(np.sqrt(max(2 * off + spread / length**2 / draws, 0.0)))

    return blended(tally, across(tally), root, 0.0, np.inf) if tally.length else UNDEFINED


def efficiency(tally: Tally, draws: int) -> Estimate:
    if not tally.length:
        return UNDEFINED
    scale2, own = max(exact2(tally).value, 0.0), along(tally).error

    def part(a: float, across2: float, spread: float, noise2: float = 0.0) -> float:
        forward = max(a * a - noise2, 0.0) * scale2
        whole = forward + across2 + spread / draws
        return forward / whole if whole > 0 else 0.0

    debiased = part(along(tally).value, max(across(tally).value, 0.0), tally.spread, own**2 if np.isfinite(own) else 0.0)
    return blended(tally, across(tally), part, 0.0, 1.0, debiased)


@lru_cache(maxsize=16)
def off(tally: Tally) -> Estimate:
    """|E r - g|^2, with as much left out on both sides, for what is added to it has an error of its own."""
    return tally.square(tally.mean - tally.exact, tally.errors).estimate(0.0)


@lru_cache(maxsize=16)
def across(tally: Tally) -> Estimate:
    """|E r|^2 - A^2, the square of what is across the gradient."""
    unit = tally.exact / tally.length
    forward = float(tally.projection.variance) / tally.n if tally.projection is not None else 0.0
    errors = [kept_across(error, unit, forward if error is tally.rows else error.along(unit)) for error in tally.errors]
    if tally.run is not None:  # turning g by its error turns E r across it
        scale = float(tally.mean @ unit) / tally.length
        errors[-1] = Error(errors[-1].n, errors[-1].variance * scale**2, errors[-1].means * scale)
    return tally.square(tally.mean - (tally.mean @ unit) * unit, errors).estimate(0.0)


def kept_across(error: Error, unit: Float[Tensor, " k"], along2: float) -> Error:
    """The error without its part along a unit vector, whose variance is `along2`."""
    trace = float(error.variance.sum())
    share = max(trace - along2, 0.0) / trace if trace > 0 else 0.0
    return Error(error.n, error.variance * share, error.means - (error.means @ unit)[:, None] * unit)


def blended(tally: Tally, square: Estimate, function: Function, least: float, most: float, value: float | None = None) -> Estimate:
    """function(along, square, variance) with an interval within [least, most]; `value` where it is debiased.

    Where the square may be zero the interval reaches as far as if it were known to be."""
    forward, noise = along(tally) if tally.length else Estimate.exact(0.0), variance(tally)
    b, directed = max(square.value, 0.0), square is not off(tally)
    value = function(forward.value, b, noise.value) if value is None else value
    if tally.rows is None:
        return Estimate.exact(value)
    if directed and not (np.isfinite([forward.low, forward.high]).all() and told(exact2(tally))):
        return Estimate(value, np.nan, least, most)
    if not np.isfinite(value):
        return UNDEFINED
    parts = (forward if directed else Estimate.exact(forward.value)), noise
    together = (correlation(tally, forward, tally.energy), correlation(tally, forward, crosswise(tally))) if directed else (0.0, 0.0)
    low, high = moved(function, parts[0], Estimate(b, square.error, square.low, square.high), noise, together)
    if square.low <= 0:
        ends = moved(function, parts[0], Estimate.exact(0.0), noise, together)
        low, high = min(low, ends[0]), max(high, ends[1])
    low, high = max(min(low, value), least), min(max(high, value), most)
    return Estimate(value, (high - low) / (2 * float(student.isf(TAIL, np.inf))), low, high)


def crosswise(tally: Tally) -> Tensor | None:
    """The blocks' parts along what is across the gradient."""
    if tally.rows is None:
        return None
    return tally.rows.means @ (tally.mean - (tally.mean @ tally.exact) / tally.length**2 * tally.exact)


def correlation(tally: Tally, forward: Estimate, other: Tensor | None) -> float:
    """Of the error of along and of another part, by how their blocks vary together; a run's error is along's alone."""
    if tally.rows is None or other is None or tally.projection is None or len(other) < 4 or not forward.error > 0:
        return 0.0
    blocks = torch.stack((tally.rows.means @ tally.exact, other))
    if not bool((blocks.std(1) > 0).all()):
        return 0.0
    own = float(tally.projection.variance / tally.n) ** 0.5 / tally.length
    return float(torch.corrcoef(blocks)[0, 1]) * min(own / forward.error, 1.0)


def moved(function: Function, forward: Estimate, square: Estimate, noise: Estimate, together: tuple[float, float]) -> tuple[float, float]:
    """The least and the most of function(forward, square, noise): every part is moved to the ends of its interval, and the moves add in
    quadrature (Zou, Donner 2008), that of the first and the others with their correlations, those with the last and with the square,
    where it makes the interval longer."""
    a, b, v = forward.value, square.value, noise.value
    middle, found = function(a, b, v), []
    for sign in (-1, 1):
        ends = [end for end in (forward.low, forward.high, 0.0) if forward.low <= end <= forward.high]
        moves = [max((sign * (function(*parts) - middle), side) for parts, side in options) for options in (
            [((end, b, v), float(np.sign(end - a))) for end in ends],
            [((a, b, end), float(np.sign(end - v))) for end in (noise.low, noise.high)],
            [((a, end, v), float(np.sign(end - b))) for end in (max(square.low, 0.0), max(square.high, 0.0))])]
        sizes, sides = [max(size, 0.0) for size, _ in moves], [side for _, side in moves]
        if not np.isfinite(sizes).all():
            found.append(sign * np.inf)
            continue
        both = sum(max(2 * one * sides[0] * side * sizes[0] * size, 0.0)
                   for one, side, size in zip(together, sides[1:], sizes[1:], strict=True))
        found.append(middle + sign * (sum(size**2 for size in sizes) + both) ** 0.5)
    return found[0], found[1]


def cosine(tally: Tally, draws: int) -> Estimate:
    found, length2 = tally.directions[draws], exact2(tally)
    if not found.cosines.n or not tally.length:
        return UNDEFINED
    if not told(length2):
        return Estimate(np.nan, np.nan, -1.0, 1.0)
    count, length = found.cosines.n, length2.value**0.5
    units = found.units / count
    stretch = tally.length / length  # the length of g holds its own error
    if tally.run is None:
        return average(found.cosines, float(found.cosines.mean), count - 1)
    mean = float(units @ tally.exact) / tally.length
    own = stretch**2 * float(found.cosines.variance) / count if count > 1 else np.nan
    own += tally.run.along(units / length - stretch * mean * tally.exact / length2.value)
    return Estimate.normal(stretch * mean, float(np.sqrt(own)), count - 1)
