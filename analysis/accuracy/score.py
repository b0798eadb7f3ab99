"""The score of a mean that should be zero: standard normal there, also under skewed rows; and what it takes to be judged.

    skewness    the studentised mean T becomes T + a T^2 / 3 + a^2 T^3 / 27 + a / 6, a = skewness / sqrt n (Hall 1992), which is
                normal to a higher order: without it, too few rare events seen means a small mean *and* a small standard error
    events      a mean that rests on fewer than EVENTS rows in effect is not judged
"""

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import norm
from torch import Tensor

EVENTS = 25
FEW = 4
"""An interval that rests on fewer rows than this in effect, seen or expected, may be anything."""
FALSE_ALARM = 1 / 2000
"""Of a group: the probability that a bias is reported where there is none."""
DETECTION = float(norm.isf(FALSE_ALARM))
"""The normal score, 3.29, above which a bias counts as detected."""


def critical(statistics: int, false_alarm: float) -> float:
    """The |z| that any of so many statistics exceeds with at most this probability, were there no bias (Bonferroni)."""
    return float(norm.isf(false_alarm / (2 * max(statistics, 1))))


def corrected(t: Float[Tensor, " s"], asymmetry: Float[Tensor, " s"]) -> Float[Tensor, " s"]:
    """Normal scores of studentised means; `asymmetry` is skewness / sqrt n."""
    return t + asymmetry * t.square() / 3 + asymmetry.square() * t.pow(3) / 27 + asymmetry / 6


def studentised(t: Float[Tensor, " s"], n: int) -> Float[Tensor, " s"]:
    """The normal score that is as far out as t is for Student's distribution of n - 1 degrees (Wallace 1959)."""
    freedom = max(n - 1, 1)
    return t.sign() * (freedom * torch.log1p(t.square() / freedom)).sqrt() * ((8 * freedom + 1) / (8 * freedom + 3))


def largest(z: float, count: int) -> float:
    """The normal score of the largest |z| of `count`, corrected for choosing it (Sidak)."""
    if not np.isfinite(z) or not count:
        return z
    tail = norm.logsf(abs(z)) + np.log(2)  # two-sided
    log_none = count * np.log1p(-np.exp(min(tail, -1e-12)))  # log P(none as large)
    log_some = np.log(-np.expm1(log_none)) if log_none < -1e-15 else tail + np.log(count)
    return -quantile_of_log(float(log_some))


def quantile_of_log(log_p: float) -> float:
    """z with log Phi(z) = log_p, also far in the tail."""
    if log_p > -700:
        return float(norm.ppf(np.exp(log_p)))
    return -float(np.sqrt(-2 * log_p - np.log(-4 * np.pi * log_p)))
