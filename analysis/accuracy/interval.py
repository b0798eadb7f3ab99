"""Values with 95 % intervals, and the intervals that are not a mean and its standard error."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, chdtr, ndtr
from scipy.stats import t

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2
NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
ROOT_TAU = (2 * np.pi) ** 0.5


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error and its 95 % interval; error 0 where it is exact."""

    value: float
    error: float = 0.0
    low: float = np.nan
    high: float = np.nan

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        return cls(value, 0.0, value, value)

    @classmethod
    def normal(cls, value: float, error: float, freedom: float | int = np.inf) -> "Estimate":
        """By Student's t."""
        half = float(t.isf(TAIL, max(freedom, 1))) * error
        return cls(value, error, value - half, value + half)

    @classmethod
    def skewed(cls, value: float, error: float, asymmetry: float, freedom: float | int = np.inf) -> "Estimate":
        """Of a mean whose studentised error is skewed, `asymmetry` = skewness of a row / sqrt n: the inverse of the correction of scores
        (Hall 1992), by Student's t."""
        z = float(t.isf(TAIL, max(freedom, 1)))
        return cls(value, error, value - unskewed(z, asymmetry) * error, value - unskewed(-z, asymmetry) * error)

    def mapped(self, function, slope: float) -> "Estimate":
        """Of an increasing function of this; `slope` maps the error."""
        return Estimate(function(self.value), self.error * slope, function(self.low), function(self.high))


UNDEFINED = Estimate(np.nan, np.nan)


def unskewed(z: float, asymmetry: float) -> float:
    """The studentised mean T with T + a T^2 / 3 + a^2 T^3 / 27 + a / 6 = z, a the asymmetry."""
    if abs(asymmetry) < 1e-6:
        return z
    return 3 / asymmetry * (float(np.cbrt(1 + asymmetry * (z - asymmetry / 6))) - 1)


def share(hits: float | int, count: float | int) -> Estimate:
    """A probability, from independent trials, as many as count in effect (Jeffreys' interval, closed at 0 and 1)."""
    value = hits / count
    low, high = (float(betaincinv(hits + 0.5, count - hits + 0.5, tail)) for tail in (TAIL, 1 - TAIL))
    low, high = low if hits else 0.0, high if hits < count else 1.0
    return Estimate(value, float(np.sqrt(value * (1 - value) / count)), low, high)


def added(first: Estimate, second: Estimate, factor: float = 1.0) -> Estimate:
    """first + factor * second, independent, factor >= 0; skewed intervals keep their skew (Zou and Donner 2008)."""
    value, error = first.value + factor * second.value, float(np.hypot(first.error, factor * second.error))
    below = np.hypot(first.value - first.low, factor * (second.value - second.low))
    above = np.hypot(first.high - first.value, factor * (second.high - second.value))
    return Estimate(value, error, value - float(below), value + float(above))


@dataclass(frozen=True)
class Square:
    """|b + e|^2 was seen, e normal with mean zero: what of |b|^2?

    The error along b is normal with variance `along`; the rest of |e|^2 is a chi-square scaled to the trace and to the trace of the
    square of its covariance (Satterthwaite)."""

    seen: float
    trace: float
    """tr C, C the covariance of e."""
    trace2: float
    """tr C^2."""
    along: float
    """b' C b / |b|^2."""

    def below(self, square: float, seen: float | None = None) -> float:
        """P(|b + e|^2 <= seen), were |b|^2 this."""
        seen = self.seen if seen is None else seen
        along = min(max(self.along, 1e-12 * self.trace), self.trace, self.trace2**0.5)
        rest, rest2 = max(self.trace - along, 0.0), max(self.trace2 - along**2, 0.0)
        root, reach, deviation = square**0.5, max(seen, 0.0) ** 0.5, along**0.5
        low, high = (min(max((end - root) / deviation, -9.0), 9.0) for end in (-reach, reach))
        if rest <= 1e-9 * self.trace or rest2 <= 1e-12 * self.trace2:
            return float(ndtr(high) - ndtr(low))
        z = (low + high) / 2 + (high - low) / 2 * NODES
        left = np.maximum(seen - (root + deviation * z) ** 2, 0.0)
        inner = chdtr(rest**2 / rest2, left * rest / rest2)
        return float((high - low) / 2 * (WEIGHTS * np.exp(-z * z / 2) * inner).sum()) / ROOT_TAU

    def where(self, reaches) -> float:
        """The least |b|^2 at which a condition, false above it and true below it or the other way, changes; 0 where it never holds."""
        high = max(self.seen, self.trace)
        while not reaches(high):
            high *= 2
        low = 0.0
        if reaches(low):
            return 0.0
        for _ in range(32):
            middle = (low + high) / 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return high

    def tails(self, square: float, most: float) -> tuple[float, float]:
        """(probability that is left out below, above); the more is left out above, up to `most` of the level, the smaller |b|^2 is, for a
        square is not negative."""
        lean = most * float(np.exp(-square / self.trace2**0.5))
        return TAIL * (1 - lean), TAIL * (1 + lean)

    def estimate(self, most: float = 1.0) -> Estimate:
        """|b|^2, debiased, with the 95 % interval: the values that what was seen does not reject."""
        value = self.seen - self.trace
        if self.trace <= 0:
            return Estimate.exact(value)
        error = float(np.sqrt(2 * self.trace2 + 4 * max(value, 0.0) * self.along))
        low = self.where(lambda square: 1 - self.below(square) > self.tails(square, most)[1])
        high = self.where(lambda square: self.below(square) <= self.tails(square, most)[0])
        return Estimate(value, error, low, max(low, high))

    def bound(self) -> float:
        """What |b|^2 does not exceed, at 95 %; no less than if what was seen were its mean without b."""
        if self.trace <= 0:
            return max(self.seen, 0.0)
        seen = max(self.seen, self.trace)
        return self.where(lambda square: self.below(square, seen) <= 1 - LEVEL)
