"""DARN: straight-through that leaves out no quadratic term."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, with_slope


def darn(a, u, noise=LOGISTIC):
    """x in {-1, +1}; the derivative is F'(a) / P(x), large where an unlikely state came up."""
    x = hard(a.detach(), u, noise)
    return with_slope(x, a, noise.score(a.detach(), x > 0).abs())  # a ratio of its own: P(x) may be too small to divide by


@dataclass(frozen=True)
class Darn(Rule):
    """DARN: the score function with a first-order Taylor baseline, expanded at the middle between the states.

    By      d x / d a := span F'(a) / (2 P(x | a))
    Needs   the loss differentiable in x
    Bias    yes; none for one layer whose loss is at most quadratic in each unit, x_i^2 included, or has, beside a linear part, only even
            powers of a unit's distance from the middle between its states
    Cost    1 forward, 1 backward
    Paper   Gregor, Danihelka, Mnih, Blundell, Wierstra 2014, arXiv:1310.8499; Gu, Levine, Sutskever, Mnih 2016, arXiv:1511.05176
    """

    family: ClassVar[str] = "second order"
    marker: ClassVar[str] = "<"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine", "quadratic"})

    def unit(self, a, u, noise):
        return darn(a, u, noise)
