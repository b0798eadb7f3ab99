"""Noises of a unit: x = hi where Z < a.  Scalars or arrays of float64; every Z is symmetric."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Noise:
    """`cdf` P(Z < a), `density` its derivative, `quantile` its inverse, `kinks` where the density or its derivative jumps."""

    cdf: Callable
    density: Callable
    quantile: Callable
    kinks: tuple[float, ...] = ()
    ends: tuple[float, float] = (-np.inf, np.inf)

    def tail(self, a):
        """P(Z > a), without 1 - F."""
        return self.cdf(-np.asarray(a))

    def chance(self, a, bit):
        """P(x | a); bit 1 is hi."""
        return np.where(np.asarray(bit) == 1, self.cdf(a), self.tail(a))


def tent_cdf(a):
    """The integral of max(0, 1 - |z| / 2) / 2 up to a."""
    a = np.clip(a, -2.0, 2.0)
    return np.where(a < 0, (a + 2) ** 2 / 8, 1 - (2 - a) ** 2 / 8)


NOISES = {
    "logistic": Noise(special.expit, lambda a: special.expit(a) * special.expit(-np.asarray(a)), special.logit),
    "logistic2": Noise(lambda a: special.expit(2 * np.asarray(a)), lambda a: 2 * special.expit(2 * np.asarray(a))
                       * special.expit(-2 * np.asarray(a)), lambda u: special.logit(u) / 2),
    "uniform": Noise(lambda a: np.clip((np.asarray(a) + 1) / 2, 0.0, 1.0), lambda a: np.where(np.abs(a) < 1, 0.5, 0.0),
                     lambda u: 2 * np.asarray(u) - 1, (-1.0, 1.0), (-1.0, 1.0)),
    "triangular": Noise(tent_cdf, lambda a: np.maximum(0.0, 1 - np.abs(a) / 2) / 2,
                        lambda u: np.where(np.asarray(u) < 0.5, np.sqrt(8 * np.asarray(u)) - 2, 2 - np.sqrt(8 * (1 - np.asarray(u)))),
                        (-2.0, 0.0, 2.0), (-2.0, 2.0)),
    "normal": Noise(lambda a: special.erfc(-np.asarray(a) / np.sqrt(2)) / 2, lambda a: np.exp(-np.square(a) / 2) / np.sqrt(2 * np.pi),
                    lambda u: -np.sqrt(2) * special.erfcinv(2 * np.asarray(u))),
}
