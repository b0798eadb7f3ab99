"""Stopping rule: rows are doubled until a 95 % interval is tight enough twice running, or a ceiling of rows or seconds is reached."""

import re
from dataclasses import dataclass

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.averaged import relative_root
from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.accuracy.metric import measured
from straightedge.analysis.accuracy.single import exact2
from straightedge.analysis.accuracy.tally import Tally, tally
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
        """Whether every group's interval over all rows is tight enough."""
        return bool(max(self.half_width(replicates).values(), default=0.0) <= self.tolerance)

    def half_width(self, replicates: list[Accuracy]) -> dict[str, float]:
        """Group -> half the 95 % interval, in units of the tolerance; cosine and rmse for the first number of draws.

        Groups whose exact gradient is zero are left out."""
        widths = {}
        for group in replicates[0].truth.groups:
            found = tally(replicates, group)
            if found.finite and found.length:
                widths[group] = half(self.interval(found, next(iter(replicates[0].draws), 1)))
        return widths

    def interval(self, found: Tally, draws: int) -> Estimate:
        """The metric's, in units of the tolerance."""
        if self.metric == "bias":
            return relative_root(measured(found, "bias2"), exact2(found))
        return measured(found, {"rmse": "rmse_relative"}.get(self.metric, self.metric), draws)


def half(found: Estimate) -> float:
    """Half the interval; the upper end where the lower is zero."""
    return (found.high - found.low) / 2 if found.low else found.high
