"""Is the mean of these rows the exact gradient?  A test whose false-alarm rate and power are both known.

The statistics are the difference of every coordinate from the exact gradient g, and of the projection on g, over their standard
errors.  Three things make the normal quantiles honest where tails are heavy (saturated units: rare, large rows):

    skewness    the studentised mean T becomes T + a T^2 / 3 + a^2 T^3 / 27 + a / 6, a = skewness / sqrt n (Hall 1992), which is
                normal to a higher order: without it, too few rare events seen means a small mean *and* a small standard error
    events      a statistic that rests on fewer than EVENTS rows in effect, n / skewness^2, is not judged, and counted as such;
                an event that was not seen at all leaves no trace: the caller must draw enough rows to expect EVENTS of each
    rounding    standard errors below the rounding of the rows are raised to it, so that rows without variance can be judged

Shapes: n rows, d parameters, s = d + 1 statistics, the projection last (d where g is zero).
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from scipy.stats import norm
from torch import Tensor

from straightedge.analysis.accuracy.score import EVENTS, corrected, critical

__all__ = ["EVENTS", "POWER", "BiasTest", "critical"]
POWER = 0.95


@dataclass(eq=False)
class BiasTest:
    """Running sums of rows minus `exact` [d]."""

    exact: Float[Tensor, " d"]
    magnitude: float = 1.0
    """What a bias is measured by where the exact gradient is zero: the size of the loss."""
    n: int = field(default=0, init=False)
    sums: Tensor = field(init=False)
    """Sums of the powers 1, 2, 3 of the differences, [3, s]."""
    rounding: float = field(init=False)

    def __post_init__(self):
        self.rounding = float(torch.finfo(self.exact.dtype).eps) ** 0.5
        self.exact = self.exact.double()
        if float(self.exact.norm()) <= 1e-12 * self.magnitude:
            self.exact = torch.zeros_like(self.exact)
        self.sums = self.exact.new_zeros(3, len(self.exact) + bool(self.exact.any()))

    def add(self, rows: Float[Tensor, "n d"]) -> None:
        """Takes in more independent rows."""
        self.rounding = max(self.rounding, float(torch.finfo(rows.dtype).eps) ** 0.5)
        rows = rows.detach().double()
        difference = rows - self.exact
        if self.exact.any():
            difference = torch.cat((difference, (difference @ self.exact / self.exact.norm()).unsqueeze(-1)), -1)
        self.sums += torch.stack([difference.pow(power).sum(0) for power in (1, 2, 3)])
        self.n += len(rows)

    @property
    def bias(self) -> Float[Tensor, " s"]:
        """The mean differences."""
        return self.sums[0] / self.n

    @property
    def unit(self) -> float:
        """What a bias is measured by: the length of the exact gradient."""
        return float(self.exact.norm()) or self.magnitude

    @property
    def error(self) -> Float[Tensor, " s"]:
        """Standard errors of the mean differences, at least the rounding of the rows."""
        variance = (self.sums[1] / self.n - self.bias.square()).clamp_min(0) / max(self.n - 1, 1)
        return (variance + (self.rounding * self.unit) ** 2).sqrt()

    @property
    def asymmetry(self) -> Float[Tensor, " s"]:
        """a = skewness / sqrt n."""
        first, second, third = self.sums / self.n
        variance = (second - first.square()).clamp_min(0) + self.n * (self.rounding * self.unit) ** 2
        central = third - 3 * first * second + 2 * first.pow(3)
        return central / variance.pow(1.5) / self.n**0.5

    @property
    def judged(self) -> Bool[Tensor, " s"]:
        """The statistics that enough rows contribute to."""
        return self.asymmetry.square() <= 1 / EVENTS

    @property
    def z(self) -> Float[Tensor, " s"]:
        """Standard normal where there is no bias; zero where not judged."""
        return torch.where(self.judged, corrected(self.bias / self.error, self.asymmetry), 0.0)

    def alarm(self, false_alarm: float) -> str:
        """What is biased and by how much, or nothing; any alarm at all has at most this probability without bias."""
        z, limit = self.z, critical(int(self.judged.sum()), false_alarm)
        worst = int(z.abs().argmax())
        if float(z[worst].abs()) <= limit:
            return ""
        where = f"parameter {worst}" if worst < len(self.exact) else "the length along the exact gradient"
        along = f"; mean/exact along the gradient {1 + self.scale:.3f} +- {self.scale_error:.3f}" if self.exact.any() else ""
        return (f"{where} is off by {self.bias[worst]:+.3g} ({self.bias[worst] / self.unit:+.1%} of the gradient's length), "
                f"z = {z[worst]:.3g} where {limit:.1f} is allowed{along}")

    @property
    def scale(self) -> float:
        """Relative error of the length along the exact gradient; 0 where that is zero."""
        return float(self.bias[-1]) / self.unit if self.exact.any() else 0.0

    @property
    def scale_error(self) -> float:
        """Half the width of its 95 % interval."""
        return float(norm.ppf(0.975) * self.error[-1]) / self.unit if self.exact.any() else 0.0

    def visible(self, false_alarm: float) -> float:
        """The smallest bias of any judged statistic that would be reported with probability POWER, relative to `unit`."""
        if not self.judged.any():
            return float("inf")
        sight = critical(int(self.judged.sum()), false_alarm) + float(norm.ppf(POWER))
        return sight * float(self.error[self.judged].max()) / self.unit
