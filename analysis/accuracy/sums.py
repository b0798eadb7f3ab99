"""Running sums of rows: count, mean and central sums of the powers 2, 3 and 4; two of them merge exactly.

Shapes: n rows, s statistics (coordinates, and projections beside them)."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Sums:
    """Of n rows, per statistic."""

    n: int
    mean: Float[Tensor, " s"]
    second: Float[Tensor, " s"]
    """Sum of (row - mean)^2."""
    third: Float[Tensor, " s"]
    fourth: Float[Tensor, " s"]

    @classmethod
    def none(cls, like: Float[Tensor, " s"]) -> "Sums":
        """Of no rows."""
        return cls(0, *(torch.zeros_like(like) for _ in range(4)))

    @classmethod
    def of(cls, rows: Float[Tensor, "n s"]) -> "Sums":
        """Of these rows."""
        mean = rows.mean(0)
        difference = rows - mean
        square = difference.square()
        return cls(len(rows), mean, square.sum(0), (square * difference).sum(0), square.square().sum(0))

    def __add__(self, other: "Sums") -> "Sums":
        """Of both (Chan, Golub, LeVeque 1983; Pebay 2008 for the higher powers)."""
        if not self.n or not other.n:
            return self if self.n else other
        a, b, n = self.n, other.n, self.n + other.n
        shift = other.mean - self.mean
        second = self.second + other.second + shift**2 * (a * b / n)
        third = (self.third + other.third + shift**3 * (a * b * (a - b) / n**2)
                 + 3 * shift * (a * other.second - b * self.second) / n)
        fourth = (self.fourth + other.fourth + shift**4 * (a * b * (a * a - a * b + b * b) / n**3)
                  + 6 * shift**2 * (a * a * other.second + b * b * self.second) / n**2
                  + 4 * shift * (a * other.third - b * self.third) / n)
        return Sums(n, self.mean + shift * (b / n), second, third, fourth)

    def at(self, where: slice | Tensor | list) -> "Sums":
        """Of these statistics alone."""
        return Sums(self.n, self.mean[where], self.second[where], self.third[where], self.fourth[where])

    @property
    def variance(self) -> Float[Tensor, " s"]:
        """Of one row."""
        return self.second / max(self.n - 1, 1)

    @property
    def asymmetry(self) -> Float[Tensor, " s"]:
        """Skewness / sqrt n; zero without variance."""
        safe = torch.where(self.second > 0, self.second, 1.0)
        return torch.where(self.second > 0, self.third / safe / safe.sqrt(), 0.0)

    @property
    def events(self) -> Float[Tensor, " s"]:
        """The rows that a statistic rests on, in effect: n for normal rows, the number of events where few rows differ from the rest.

        The lesser of n / skewness^2 and n / (kurtosis - 2): the second sees tails that are heavy on both sides.  Zero without variance."""
        second = self.second / self.n
        spread = second > 0
        safe = torch.where(spread, second, 1.0)
        skewness, kurtosis = self.third / self.n / safe.pow(1.5), self.fourth / self.n / safe.square()
        return torch.where(spread, self.n / torch.maximum(skewness.square(), (kurtosis - 2).clamp_min(1)), 0.0)
