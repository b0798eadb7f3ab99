"""The metrics by name: one small function each, from a group's record to a value with its 95 % interval.

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

To add one, add a function to `single` or `averaged`, and its line here.
"""

from collections.abc import Callable

import numpy as np

from straightedge.analysis.accuracy import averaged, single
from straightedge.analysis.accuracy.interval import UNDEFINED, Estimate
from straightedge.analysis.accuracy.tally import Tally

SINGLE: dict[str, Callable[[Tally], Estimate]] = {
    "bias2": single.bias2, "variance": single.variance, "along": single.along, "descent": single.descent, "exact2": single.exact2}
AVERAGED: dict[str, Callable[[Tally, int], Estimate]] = {
    "mse": averaged.mse, "rmse_relative": averaged.rmse_relative, "rmse_rescaled": averaged.rmse_rescaled, "cosine": averaged.cosine,
    "efficiency": averaged.efficiency}
LIMITS = {"bias2": (0.0, np.inf), "variance": (0.0, np.inf), "along": (-np.inf, np.inf), "mse": (0.0, np.inf),
          "rmse_relative": (0.0, np.inf), "rmse_rescaled": (0.0, np.inf), "cosine": (-1.0, 1.0), "efficiency": (0.0, 1.0)}
"""The intervals of what may be anything."""
SAMPLED = ("descent", "cosine")
"""What mean and variance do not give."""


def measured(tally: Tally, metric: str, draws: int = 1) -> Estimate:
    """A metric by name; undefined where what it is made of is not a number, anything where the rows do not show what it is made of."""
    if not tally.finite:
        return UNDEFINED
    found = SINGLE[metric](tally) if metric in SINGLE else AVERAGED[metric](tally, draws)
    return Estimate(found.value, np.nan, *LIMITS[metric]) if metric in LIMITS and not tally.shown else found


def values(tally: Tally, draws: tuple[int, ...]) -> dict[tuple[str, int], float]:
    """(metric, draws) -> value of what is recorded seed by seed, without intervals."""
    if not tally.finite:
        names = ("bias2", "variance", "descent"), ("mse", "cosine")
        return dict.fromkeys([*((name, 1) for name in names[0]), *((name, m) for name in names[1] for m in draws)], np.nan)
    bias = float((tally.mean - tally.exact).square().sum()) - sum(float(error.variance.sum()) for error in tally.errors)
    found = {("bias2", 1): bias, ("variance", 1): tally.spread, ("descent", 1): single.descent(tally).value}
    return found | {("mse", m): bias + tally.spread / m for m in draws} | {("cosine", m): averaged.cosine(tally, m).value for m in draws}


def hidden(parts: list[Estimate]) -> Estimate:
    """The mean over layers; the layers' errors hang together, so that the ends are averaged."""
    parts = [part for part in parts if np.isfinite(part.value)]
    if not parts:
        return UNDEFINED
    return Estimate(*(float(np.mean([getattr(part, name) for part in parts])) for name in ("value", "error", "low", "high")))
