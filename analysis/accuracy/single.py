"""The metrics of a single row: functions of a group's record, each a value with its 95 % interval.  `metric` names them all."""

from functools import lru_cache

import numpy as np
from scipy.stats import t as student

from straightedge.analysis.accuracy.interval import TAIL, UNDEFINED, Estimate, share
from straightedge.analysis.accuracy.score import FEW
from straightedge.analysis.accuracy.sums import Sums
from straightedge.analysis.accuracy.tally import Tally


@lru_cache(maxsize=16)
def bias2(tally: Tally) -> Estimate:
    return tally.square(tally.mean - tally.exact, tally.errors).estimate()


@lru_cache(maxsize=16)
def variance(tally: Tally) -> Estimate:
    """Its interval from the blocks' spread and skewness."""
    if tally.energy is None:
        return Estimate.exact(tally.spread)
    blocks = Sums.of(tally.energy[:, None])
    if blocks.n < 2 or not tally.spread > 0:
        return Estimate(tally.spread, np.nan if blocks.n < 2 else 0.0, tally.spread, tally.spread)
    return average(blocks, tally.spread, blocks.n - 1, least=0.0)


def average(sums: Sums, value: float, freedom: float | int, least: float = -np.inf) -> Estimate:
    """A mean of these sums, of one statistic; anything from `least` on where it rests on too few rows."""
    error, asymmetry = float(sums.variance / sums.n) ** 0.5, float(sums.asymmetry)
    found = Estimate.skewed(value, error, asymmetry, freedom)
    if asymmetry**2 * FEW > 1:
        return Estimate(value, error, found.low if least > -np.inf else -np.inf, np.inf)
    return Estimate(value, error, max(found.low, least), found.high)


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
    if tally.rows is None or tally.projection is None:
        return Estimate.exact(inner / length2)
    if tally.run is None:
        found = average(tally.projection, float(tally.projection.mean), tally.n - 1)
        return found.mapped(lambda end: end / tally.length, 1 / tally.length)
    own = float(tally.projection.variance) * length2 / tally.n
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
    """Against a run it is that along the run's mean, which the run's error turns as its blocks say (balanced half-samples, McCarthy
    1969); anything where that is not told from nothing."""
    if not tally.length or tally.descents is None:
        return UNDEFINED
    if not told(exact2(tally)):
        return Estimate(np.nan, np.nan, 0.0, 1.0)
    n = float(tally.n)
    hits, *turned = tally.descents.tolist()
    own, turn = (hits + 0.5) * (n - hits + 0.5) / (n + 1) ** 3, float(np.mean([(other - hits) ** 2 for other in turned] or [0.0])) / n**2
    part = own / (own + turn)
    return share(hits * part, n * part)
