"""Straight-through with the derivative of the unit's own mean."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC


def straight_through(a, u, noise=LOGISTIC):
    """x in {-1, +1} from pre-activations a and u ~ U(0, 1), any shape; the derivative is that of the mean, 2 F'(a)."""
    p = noise.cdf(a)
    return 2.0 * (u < p) - 1 + 2 * (p - p.detach())


@dataclass(frozen=True)
class StraightThrough(Rule):
    """Straight-through, matched to the noise: the sample's derivative is taken to be its mean's.

    Also known as STE; SIMPLE without a constraint.

    By      d x / d a := span F'(a)
    Needs   the loss differentiable in x
    Bias    yes; none for one layer whose loss is multi-affine in x
    Cost    1 forward, 1 backward
    Paper   Shekhovtsov, Yanush 2021, arXiv:2006.06880, Algorithm 1; Bengio, Leonard, Courville 2013, arXiv:1308.3432
    """

    marker: ClassVar[str] = "o"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine"})

    def unit(self, a, u, noise):
        return straight_through(a, u, noise)
