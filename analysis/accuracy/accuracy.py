"""Accuracy of gradient estimates against the exact gradient, from running moments; memory does not grow with the rows.

Over n rows r with mean m, covariance S and exact gradient g, for each group of parameters (a layer, or all):

    bias2      |E r - g|^2             |m - g|^2 - tr S / n, debiased: may come out negative
    variance   tr Cov(r)               tr S
    length2    |E r|^2                 |m|^2 - tr S / n
    along      <E r, g> / |g|^2        1 for an unbiased estimator
    descent    P(<r, g> > 0)           the chance that a step along one estimate goes downhill
    cosine     E cos(mean of M rows, g)
    mse        E |mean of M rows - g|^2 = bias2 + variance / M, a formula on the two above
    exact2     |g|^2
    bias2_floor   the least standard error that bias2 can have, sqrt(2 sum_i S_ii^2) / n
    bias_z     normal score of the largest |m_i - g_i| / error_i over the group's coordinates, Sidak-corrected

Where no exact gradient can be had, g is the mean of a long run of an unbiased estimator; its own error, `uncertainty`, is subtracted
wherever a square of it enters.

Each is an unbiased estimate of what stands in the second column (bias_z: standard normal where there is no bias), so that
independent measurements are combined by their mean and its standard error.  Shapes: n rows, d parameters.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import norm
from torch import Tensor

NAMES = ("bias2", "variance", "length2", "along", "descent", "cosine", "mse", "exact2", "bias2_floor",
         "bias_z")


@dataclass(eq=False)
class Accuracy:
    """Running moments of rows against `exact` [d]; `groups` name slices of the parameters, `draws` are the numbers M."""

    exact: Float[Tensor, " d"]
    groups: dict[str, slice]
    draws: tuple[int, ...] = (1,)
    uncertainty: Float[Tensor, " d"] | None = None
    """Variance of the error of `exact`, per coordinate, where it is the mean of a long run; None where it is exact."""
    n: int = 0
    mean: Tensor = field(init=False)
    squares: Tensor = field(init=False)
    """Sum of squared deviations from the running mean, per coordinate."""

    def __post_init__(self):
        self.exact = self.exact.double()
        self.mean, self.squares = torch.zeros_like(self.exact), torch.zeros_like(self.exact)
        self._descents = dict.fromkeys(self.groups, 0)
        self._cosines = {draws: _Cosine(draws, self.exact, self.groups) for draws in self.draws}

    def add(self, rows: Float[Tensor, "n d"]) -> None:
        """Takes in more rows, merging moments exactly (Chan, Golub, LeVeque 1983)."""
        rows, n = rows.double(), len(rows)
        mean = rows.mean(0)
        shift, total = mean - self.mean, self.n + n
        self.squares += (rows - mean).square().sum(0) + shift.square() * (self.n * n / total)
        self.mean += shift * (n / total)
        self.n = total
        for name, where in self.groups.items():
            self._descents[name] += int((rows[:, where] @ self.exact[where] > 0).sum())
        for cosine in self._cosines.values():
            cosine.add(rows)

    @property
    def variance(self) -> Float[Tensor, " d"]:
        """Variance of one row, per coordinate."""
        return self.squares / (self.n - 1)

    def values(self) -> list[tuple[str, str, int, float]]:
        """(group, metric, draws, value); draws is 1 where the metric is of a single row."""
        records = []
        for name, where in self.groups.items():
            g, difference, variance = self.exact[where], (self.mean - self.exact)[where], self.variance[where]
            unsure = torch.zeros_like(g) if self.uncertainty is None else self.uncertainty[where]
            exact2, spread = float(g @ g - unsure.sum()), float(variance.sum())
            if exact2 <= 0 and self.uncertainty is not None:
                exact2 = np.nan  # the run is too short to tell the gradient from nothing
            bias2 = float(difference @ difference - unsure.sum()) - spread / self.n
            length2 = float(self.mean[where] @ self.mean[where]) - spread / self.n
            along = float(self.mean[where] @ g) / exact2 if exact2 else np.nan
            single = {"bias2": bias2, "variance": spread, "length2": length2, "along": along, "exact2": exact2,
                      "bias2_floor": float(2**0.5 * (variance / self.n + unsure).norm()), "descent": self._descents[name] / self.n,
                      "bias_z": bias_score(difference, (variance / self.n + unsure).sqrt(), self.n, float(g @ g))}
            records += [(name, metric, 1, value) for metric, value in single.items()]
            stretch = float(g.norm()) / exact2**0.5 if exact2 > 0 else 1.0  # the length of g holds its own error
            for draws in self.draws:
                records += [(name, "mse", draws, bias2 + spread / draws),
                            (name, "cosine", draws, stretch * self._cosines[draws].value(name))]
        return records


def bias_score(difference: Float[Tensor, " d"], error: Float[Tensor, " d"], n: int, exact2: float) -> float:
    """The normal score of the largest standardised difference among d coordinates, corrected for choosing the largest.

    Coordinates whose variance is at rounding level are held against rounding: a constant estimate is biased or it is not."""
    floor = 1e-12 * max(exact2, 1e-300) ** 0.5
    largest = float((difference.abs() / (error + floor)).max())
    tail = norm.logsf(largest) + np.log(2)  # two-sided
    log_none = len(difference) * np.log1p(-np.exp(min(tail, -1e-12)))  # log P(no coordinate as large)
    log_some = np.log(-np.expm1(log_none)) if log_none < -1e-15 else tail + np.log(len(difference))
    return float(-norm_quantile_log(log_some))


def norm_quantile_log(log_p: float) -> float:
    """z with log Phi(z) = log_p, also far in the tail."""
    if log_p > -700:
        return float(norm.ppf(np.exp(log_p)))
    return -float(np.sqrt(-2 * log_p - np.log(-4 * np.pi * log_p)))


class _Cosine:
    """Mean cosine between the exact gradient and means of `draws` consecutive rows, for each group."""

    def __init__(self, draws: int, exact: Tensor, groups: dict[str, slice]):
        self.draws, self.exact, self.groups = draws, exact, groups
        self.partial, self.count, self.blocks = torch.zeros_like(exact), 0, 0
        self.sums = dict.fromkeys(groups, 0.0)

    def add(self, rows: Tensor) -> None:
        if self.count:
            head = rows[: self.draws - self.count]
            self.partial += head.sum(0)
            self.count += len(head)
            rows = rows[len(head):]
            if self.count == self.draws:
                self._take(self.partial[None] / self.draws)
                self.partial, self.count = torch.zeros_like(self.exact), 0
        whole = len(rows) // self.draws * self.draws
        if whole:
            self._take(rows[:whole].reshape(-1, self.draws, rows.shape[1]).mean(1))
        if whole < len(rows):
            self.partial += rows[whole:].sum(0)
            self.count = len(rows) - whole

    def _take(self, means: Tensor) -> None:
        self.blocks += len(means)
        for name, where in self.groups.items():
            g, part = self.exact[where], means[:, where]
            lengths = part.norm(dim=1) * g.norm()
            self.sums[name] += float(torch.where(lengths > 0, part @ g / lengths, 0.0).sum())

    def value(self, name: str) -> float:
        """NaN before the first whole block."""
        return self.sums[name] / self.blocks if self.blocks else np.nan
