"""The metrics of a single row: functions of a group's record, each a value with its 95 % interval.  `metric` names them all."""

from functools import lru_cache

import numpy as np
from scipy.stats import t as student

from straightedge.analysis.accuracy.interval import TAIL, UNDEFINED, Estimate, share
from straightedge.analysis.accuracy.tally import Tally


@lru_cache(maxsize=16)
def bias2(tally: Tally) -> Estimate:
    return tally.square(tally.mean - tally.exact, tally.errors).estimate()


@lru_cache(maxsize=16)
def variance(tally: Tally) -> Estimate:
    """Its interval from the blocks' spread, on the logarithm, for variances are skewed."""
    if tally.energy is None:
        return Estimate.exact(tally.spread)
    error = float(tally.energy.std() / len(tally.energy) ** 0.5) if len(tally.energy) > 1 else np.nan
    if not tally.spread > 0 or not error > 0:
        return Estimate(tally.spread, error, tally.spread, tally.spread)
    factor = float(np.exp(min(student.isf(TAIL, len(tally.energy) - 1) * error / tally.spread, 700.0)))
    return Estimate(tally.spread, error, tally.spread / factor, tally.spread * factor)


@lru_cache(maxsize=16)
def exact2(tally: Tally) -> Estimate:
    return Estimate.exact(tally.length**2) if tally.run is None else tally.square(tally.exact, [tally.run]).estimate()


@lru_cache(maxsize=16)
def along(tally: Tally) -> Estimate:
    """By Fieller's theorem where a run stands for g, whose error is in both parts of the ratio."""
    g, length2 = tally.exact, tally.length**2
    if not length2:
        return UNDEFINED
    inner = float(tally.mean @ g)
    if tally.rows is None:
        return Estimate.exact(inner / length2)
    own = tally.projection * length2 / tally.n
    if tally.run is None:
        return Estimate.normal(inner / length2, own**0.5 / length2, tally.n - 1)
    length2 -= float(tally.run.variance.sum())
    cross = float((tally.rows.factor @ tally.run.factor.T).square().sum())
    images = tally.run.factor @ tally.mean, tally.run.factor @ g
    constant = own + cross + float(images[0] @ images[0])
    linear = -2 * float(images[0] @ images[1])
    square = 4 * float(images[1] @ images[1]) + 2 * tally.run.trace2()
    return ratio(inner, length2, constant, 2 * linear, square)


def told(length2: Estimate) -> bool:
    """Whether a run tells the gradient from nothing well enough to say anything of directions; always true of the exact gradient."""
    return length2.low > length2.value / 4 > 0


def ratio(above: float, below: float, constant: float, linear: float, square: float) -> Estimate:
    """above / below, where var(above - x below) = constant + linear x + square x^2: all x that are not rejected."""
    quantile2 = float(student.isf(TAIL, np.inf)) ** 2
    value = above / below if below > 0 else np.nan
    error = float(np.sqrt(max(constant + linear * value + square * value**2, 0.0)) / below) if below > 0 else np.nan
    a, b, c = below**2 - quantile2 * square, -2 * above * below - quantile2 * linear, above**2 - quantile2 * constant
    inside = b * b - 4 * a * c
    if a <= 0 or inside < 0:
        return Estimate(value, error, -np.inf, np.inf)
    return Estimate(value, error, (-b - inside**0.5) / (2 * a), (-b + inside**0.5) / (2 * a))


def descent(tally: Tally) -> Estimate:
    """Against a run it is that along the run's mean; anything where that is not told from nothing."""
    if not tally.length:
        return UNDEFINED
    return share(tally.descents, int(tally.n)) if told(exact2(tally)) else Estimate(np.nan, np.nan, 0.0, 1.0)
