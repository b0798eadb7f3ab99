"""The metrics: one small function each, from a group's record to a value with its 95 % interval.

Over rows r with covariance S and gradient g, A = <E r, g> / |g|, B = |E r|^2 - A^2, the mean of M rows:

    bias2           |E r - g|^2                                  debiased: may come out negative
    variance        tr S
    along           A / |g|                                      1 for an unbiased estimator
    descent         P(<r, g> > 0)
    exact2          |g|^2
    mse             bias2 + variance / M
    rmse_relative   sqrt(mse) / |g|
    rmse_rescaled   the same, once the mean is rescaled by |g| / |E r|: 'right direction, wrong length'
    cosine          E cos(mean of M rows, g)                     a mean that is zero counts as 0; undefined where g is zero
    efficiency      A^2 / (A^2 + B + tr S / M)                   the share of an exact step's guaranteed decrease

To add one, add a function and its line in SINGLE or AVERAGED.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy.stats import t as student

from straightedge.analysis.accuracy.interval import TAIL, UNDEFINED, Estimate, added, share
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
    factor = float(np.exp(student.isf(TAIL, len(tally.energy) - 1) * error / tally.spread))
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
    """Against a run it is that along the run's mean."""
    return share(tally.descents, int(tally.n)) if tally.length else UNDEFINED


def mse(tally: Tally, draws: int) -> Estimate:
    bias, noise = bias2(tally), variance(tally)
    sampled = max(1 / draws - (1 / tally.n), 0.0)  # what bias2 took off already goes out again
    if not np.isfinite(tally.n):
        return Estimate.exact(bias.value + noise.value / draws)
    found = added(bias, noise, sampled)
    return Estimate(bias.value + noise.value / draws, found.error, max(found.low + noise.value / tally.n, 0.0),
                    found.high + noise.value / tally.n)


def rmse_relative(tally: Tally, draws: int) -> Estimate:
    return relative_root(mse(tally, draws), exact2(tally))


def relative_root(square: Estimate, length2: Estimate) -> Estimate:
    """The root of a ratio; a run's error widens it, to infinity where the run does not tell the gradient from nothing."""
    if not length2.value > 0:
        return UNDEFINED
    value, low = (float(np.sqrt(max(part, 0.0) / whole)) for part, whole in ((square.value, length2.value), (square.low, length2.high)))
    high = float(np.sqrt(max(square.high, 0.0) / length2.low)) if length2.low > 0 else np.inf
    error = float(np.hypot(square.error / max(square.value, 1e-300), length2.error / length2.value)) * value / 2 if value else 0.0
    return Estimate(value, error if square.error or length2.error else 0.0, low, high)


@lru_cache(maxsize=16)
def across(tally: Tally) -> Estimate:
    """B = |E r|^2 - A^2, the square of what is across the gradient."""
    unit = tally.exact / tally.length
    errors = [type(error)(error.n, (error.variance * (1 - unit.square())).clamp_min(0),
                          error.means - (error.means @ unit)[:, None] * unit) for error in tally.errors]
    if tally.run is not None:  # turning g by its error turns E r across it
        scale = float(tally.mean @ unit) / tally.length
        errors[-1] = type(errors[-1])(errors[-1].n, errors[-1].variance * scale**2, errors[-1].means * scale)
    return tally.square(tally.mean - (tally.mean @ unit) * unit, errors).estimate()


def rmse_rescaled(tally: Tally, draws: int) -> Estimate:
    """sqrt(2 (1 - cos) + tr S / (M |E r|^2)), cos = A / |E r|."""
    length, side, noise = along(tally), across(tally) if tally.length else UNDEFINED, variance(tally)
    if not np.isfinite(length.value) or not tally.length:
        return UNDEFINED
    scale = np.sqrt(max(exact2(tally).value, 0.0))

    def root(a: float, b: float, spread: float) -> float:
        total = (a * scale) ** 2 + max(b, 0.0)
        if not total > 0:
            return np.inf
        return float(np.sqrt(2 * max(0.0, one_minus_cosine(a * scale, max(b, 0.0))) + spread / total / draws))

    value = root(length.value, side.value, noise.value)
    if tally.rows is None:
        return Estimate.exact(value)
    return combined(value, [root(end, side.value, noise.value) for end in (length.high, length.low)],
                    [root(length.value, end, noise.value) for end in (side.low, side.high)],
                    [root(length.value, side.value, end) for end in (noise.low, noise.high)])


def one_minus_cosine(a: float, b: float) -> float:
    """1 - a / sqrt(a^2 + b), without cancellation."""
    length = np.sqrt(a * a + b)
    return b / (length * (length + a)) if a > 0 else 1 - a / length


def combined(value: float, *ends: list[float]) -> Estimate:
    """From what a function becomes where one argument after the other is moved to the ends of its interval: the moves in quadrature."""
    below = np.sqrt(sum(max(0.0, value - min(pair)) ** 2 for pair in ends))
    above = np.sqrt(sum(max(0.0, max(pair) - value) ** 2 for pair in ends))
    return Estimate(value, float(min(below + above, 1e300) / (2 * student.isf(TAIL, np.inf))), float(max(value - below, 0.0)),
                    float(value + above))


def cosine(tally: Tally, draws: int) -> Estimate:
    found = tally.directions[draws]
    if not found.count or not tally.length:
        return UNDEFINED
    units, length = found.units / found.count, float(np.sqrt(max(exact2(tally).value, 0.0)))
    if not length > 0:
        return UNDEFINED
    stretch = tally.length / length  # the length of g holds its own error
    mean = float(units @ tally.exact) / tally.length
    spread = max(found.squares / found.count - mean**2, 0.0) / max(found.count - 1, 1)
    own = stretch**2 * spread if found.count > 1 else np.nan
    if tally.run is not None:
        own += tally.run.along(units / length - stretch * mean * tally.exact / length**2)
    return Estimate.normal(stretch * mean, float(np.sqrt(own)), found.count - 1)


def efficiency(tally: Tally, draws: int) -> Estimate:
    """Its parts debiased; the interval moves one part after the other."""
    length, noise = along(tally), variance(tally)
    if not np.isfinite(length.value) or not tally.length:
        return UNDEFINED
    side, scale2 = across(tally), max(exact2(tally).value, 0.0)
    own = length.error if np.isfinite(length.error) else 0.0

    def part(a: float, b: float, spread: float) -> float:
        forward = max(a * a - own**2, 0.0) * scale2
        rest = max(b, 0.0) + spread / draws
        return forward / (forward + rest) if forward + rest > 0 else 0.0

    value = part(length.value, side.value, noise.value)
    if tally.rows is None:
        return Estimate.exact(value)
    crossing = [0.0] if length.low < 0 < length.high else []
    found = combined(value, [part(end, side.value, noise.value) for end in (length.low, length.high, *crossing)],
                     [part(length.value, end, noise.value) for end in (side.low, side.high)],
                     [part(length.value, side.value, end) for end in (noise.low, noise.high)])
    return Estimate(value, found.error, found.low, min(found.high, 1.0))


SINGLE: dict[str, Callable[[Tally], Estimate]] = {
    "bias2": bias2, "variance": variance, "along": along, "descent": descent, "exact2": exact2}
AVERAGED: dict[str, Callable[[Tally, int], Estimate]] = {
    "mse": mse, "rmse_relative": rmse_relative, "rmse_rescaled": rmse_rescaled, "cosine": cosine, "efficiency": efficiency}
SAMPLED = ("descent", "cosine")
"""What mean and variance do not give."""


def measured(tally: Tally, metric: str, draws: int = 1) -> Estimate:
    """A metric by name; undefined where what it is made of is not a number."""
    if not tally.finite:
        return UNDEFINED
    return SINGLE[metric](tally) if metric in SINGLE else AVERAGED[metric](tally, draws)


def values(tally: Tally, draws: tuple[int, ...]) -> dict[tuple[str, int], float]:
    """(metric, draws) -> value of what is recorded seed by seed, without intervals."""
    if not tally.finite:
        singles, many = ("bias2", "variance", "descent"), ("mse", "cosine")
        return {(name, 1): np.nan for name in singles} | {(name, m): np.nan for name in many for m in draws}
    bias = float((tally.mean - tally.exact).square().sum()) - sum(float(error.variance.sum()) for error in tally.errors)
    found = {("bias2", 1): bias, ("variance", 1): tally.spread, ("descent", 1): descent(tally).value}
    return found | {("mse", m): bias + tally.spread / m for m in draws} | {("cosine", m): cosine(tally, m).value for m in draws}


def hidden(parts: list[Estimate]) -> Estimate:
    """The mean over layers; the layers' errors hang together, so that the ends are averaged."""
    parts = [part for part in parts if np.isfinite(part.value)]
    if not parts:
        return UNDEFINED
    return Estimate(*(float(np.mean([getattr(part, name) for part in parts])) for name in ("value", "error", "low", "high")))
