"""The metrics of the mean of M rows: functions of a group's record and M, each a value with its 95 % interval.  `metric` names them.

They are made of three parts: what is across the gradient or off it, a square that is not negative and has an interval of its own; what
is along it; and the variance.  The last two err together, as the blocks say."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.stats import t as student
from torch import Tensor

from straightedge.analysis.accuracy.interval import TAIL, UNDEFINED, Estimate
from straightedge.analysis.accuracy.single import along, bias2, exact2, told, variance
from straightedge.analysis.accuracy.tally import Error, Tally


def mse(tally: Tally, draws: int) -> Estimate:
    """The bias counts as zero where its debiased square is negative."""
    return blended(tally, bias2(tally), lambda a, square, spread: square + spread / draws, 0.0, np.inf)


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
            return np.nan
        off = across2 / (length * (length + a * scale)) if a > 0 else 1 - a * scale / length  # 1 - cos, without cancellation
        return float(np.sqrt(2 * off + spread / length**2 / draws))

    return blended(tally, across(tally), root, 0.0, np.inf) if tally.length else UNDEFINED


def efficiency(tally: Tally, draws: int) -> Estimate:
    if not tally.length:
        return UNDEFINED
    scale2, own = max(exact2(tally).value, 0.0), along(tally).error

    def part(a: float, across2: float, spread: float) -> float:
        forward = (max(a * a - own**2, 0.0) if np.isfinite(own) else a * a) * scale2
        whole = forward + across2 + spread / draws
        return forward / whole if whole > 0 else 0.0

    return blended(tally, across(tally), part, 0.0, 1.0)


@lru_cache(maxsize=16)
def across(tally: Tally) -> Estimate:
    """|E r|^2 - A^2, the square of what is across the gradient."""
    unit = tally.exact / tally.length
    errors = [kept_across(error, unit, tally.projection / error.n if error is tally.rows else error.along(unit)) for error in tally.errors]
    if tally.run is not None:  # turning g by its error turns E r across it
        scale = float(tally.mean @ unit) / tally.length
        errors[-1] = Error(errors[-1].n, errors[-1].variance * scale**2, errors[-1].means * scale)
    return tally.square(tally.mean - (tally.mean @ unit) * unit, errors).estimate()


def kept_across(error: Error, unit: Float[Tensor, " k"], along2: float) -> Error:
    """The error without its part along a unit vector, whose variance is `along2`."""
    trace = float(error.variance.sum())
    share = max(trace - along2, 0.0) / trace if trace > 0 else 0.0
    return Error(error.n, error.variance * share, error.means - (error.means @ unit)[:, None] * unit)


def blended(tally: Tally, square: Estimate, function: Callable[[float, float, float], float], least: float, most: float) -> Estimate:
    """function(along, square, variance) with an interval within [least, most].

    The square is moved to the ends of its interval, along and variance in the direction in which their blocks vary; the moves add in
    quadrature.  Where the square may be zero the interval reaches as far as if it were known to be."""
    length, noise = along(tally) if tally.length else Estimate.exact(np.nan), variance(tally)
    a, b, v = length.value, max(square.value, 0.0), noise.value
    value = function(a, b, v)
    if tally.rows is None:
        return Estimate.exact(value)
    if tally.run is not None and square is not bias2(tally) and not told(exact2(tally)):
        return Estimate(value, np.nan, least, most)
    if not np.isfinite(value):
        return UNDEFINED
    slopes = [(function(a + (i == 0) * h, b, v + i * h) - function(a - (i == 0) * h, b, v - i * h)) / (2 * h) if h > 0 else 0.0
              for i, h in enumerate((1e-4 * abs(a) + 1e-12, 1e-4 * v))]
    slopes[0] = slopes[0] if np.isfinite(slopes[0]) else 0.0  # the mean squared error does not ask for along
    blocks = slopes[1] * tally.energy
    if slopes[0]:
        blocks = blocks + slopes[0] * (tally.rows.means @ tally.exact) / tally.length**2
    own2 = float(blocks.var()) / len(blocks) if len(blocks) > 1 else np.nan
    if tally.run is not None and slopes[0]:
        own2 += slopes[0] ** 2 * max(length.error**2 - tally.projection / tally.n / tally.length**2, 0.0)
    half = float(student.isf(TAIL, max(len(blocks) - 1, 1))) * own2**0.5
    ends = [function(a, end, v) for end in (square.low, square.high)] if square.error else [value]
    low, high = value - np.hypot(half, max(value - min(ends), 0.0)), value + np.hypot(half, max(max(ends) - value, 0.0))
    if square.low <= 0:
        edge = function(a, 0.0, v)
        low, high = min(low, edge - half), max(high, edge + half)
    error = float((high - low) / (2 * student.isf(TAIL, np.inf)))
    return Estimate(value, error, float(max(low, least)), float(min(high, most)))


def cosine(tally: Tally, draws: int) -> Estimate:
    found, length2 = tally.directions[draws], exact2(tally)
    if not found.count or not tally.length:
        return UNDEFINED
    if not told(length2):
        return Estimate(np.nan, np.nan, -1.0, 1.0)
    units, length = found.units / found.count, length2.value**0.5
    stretch = tally.length / length  # the length of g holds its own error
    mean = float(units @ tally.exact) / tally.length
    spread = max(found.squares / found.count - mean**2, 0.0) / max(found.count - 1, 1)
    own = stretch**2 * spread if found.count > 1 else np.nan
    if tally.run is not None:
        own += tally.run.along(units / length - stretch * mean * tally.exact / length2.value)
    return Estimate.normal(stretch * mean, float(np.sqrt(own)), found.count - 1)
