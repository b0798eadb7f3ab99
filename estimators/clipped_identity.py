"""Straight-through with the clipped identity (hardtanh) as proxy."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC


def clipped_identity(a, u, noise=LOGISTIC):
    """x in {-1, +1}; the derivative is that of hardtanh(a), 1 where |a| <= 1 and else 0, whatever the noise."""
    proxy = a.clamp(-1, 1)
    return 2.0 * (u < noise.cdf(a)) - 1 + (proxy - proxy.detach())


@dataclass(frozen=True)
class ClippedIdentity(Rule):
    """Clipped identity straight-through: the gradient passes unchanged where |a| <= 1, and stops elsewhere.

    By      d x / d a := 1[|a| <= 1], the matched rule under uniform noise
    Needs   the loss differentiable in x
    Bias    yes; none for one layer with a multi-affine loss under uniform noise
    Cost    1 forward, 1 backward
    Paper   Hubara, Courbariaux, Soudry, El-Yaniv, Bengio 2016, arXiv:1602.02830
    """

    marker: ClassVar[str] = "D"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine:uniform"})

    def unit(self, a, u, noise):
        return clipped_identity(a, u, noise)
