"""Stopping rule: rows are added until a 95 % interval is tight enough, or a ceiling of rows or seconds is reached."""

import re
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.estimators.network.error import InputError

METRICS = ("bias", "cosine", "along", "rmse", "descent")
PATTERN = re.compile(r"^\s*(\w+)\s+((?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)\s*(%?)\s*$")


@dataclass(frozen=True)
class Until:
    """Half the 95 % interval of `metric`, for every group, is to be at most `tolerance`.

    bias and rmse are relative to the length of the exact gradient: bias 1% means that |bias| / |g| is known to within 0.01,
    or shown to lie below 0.01."""

    metric: str
    tolerance: float
    rows: int = 1_000_000
    """Ceiling in rows for each seed."""
    seconds: float = 300.0
    """Ceiling in seconds for each estimator."""

    @classmethod
    def parse(cls, text: str, rows: int, seconds: float) -> "Until":
        """From 'bias 1%' or 'cosine 0.01'; raises InputError with what would be right."""
        match = PATTERN.match(text)
        if not match or match[1] not in METRICS or not 0 < float(match[2]) < float("inf"):
            raise InputError(f"--until: cannot read {text!r}; expected one of {', '.join(METRICS)} and a positive tolerance, "
                             "as in 'bias 1%' or 'cosine 0.01'")
        return cls(match[1], float(match[2]) / (100 if match[3] else 1), rows, seconds)

    def met(self, replicates: list[Accuracy]) -> bool:
        """Whether every group's interval over the seeds is tight enough."""
        return bool(max(self.half_width(replicates).values()) <= self.tolerance)

    def half_width(self, replicates: list[Accuracy]) -> dict[str, float]:
        """Group -> half the 95 % interval, in units of the tolerance; cosine and rmse for the first number of draws.

        Groups whose exact gradient is zero are left out."""
        values = [{(group, metric): value for group, metric, draws, value in reversed(one.values())} for one in replicates]
        widths = {}
        for group in replicates[0].groups:
            exact2 = values[0][group, "exact2"]
            if exact2 == 0:
                continue
            name = {"bias": "bias2", "rmse": "mse"}.get(self.metric, self.metric)
            sample = np.array([value[group, name] for value in values])
            half = t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / len(sample) ** 0.5
            widths[group] = half if name == self.metric else root_half_width(sample.mean() / exact2, half / exact2)
        return widths


def root_half_width(value: float, half: float) -> float:
    """Half the interval of a root, from the value and half-width of its square; the upper end where the square may be zero."""
    upper, lower = max(0.0, value + half) ** 0.5, max(0.0, value - half) ** 0.5
    return (upper - lower) / 2 if lower else upper
