"""Straight-through without noise."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC


def deterministic(a, u=None, noise=LOGISTIC):
    """x = sign(a) in {-1, +1}; the derivative is that of the mean under the noise, 2 F'(a)."""
    p = noise.cdf(a)
    return 2.0 * (a > 0) - 1 + 2 * (p - p.detach())


@dataclass(frozen=True)
class Deterministic(Rule):
    """Deterministic straight-through: the unit takes its likelier state, the derivative is the mean's.

    By      x := sign(a), d x / d a := span F'(a)
    Needs   the loss differentiable in x
    Bias    yes, also of the loss; no variance
    Cost    1 forward, 1 backward
    Paper   Hubara, Courbariaux, Soudry, El-Yaniv, Bengio 2016, arXiv:1602.02830
    """

    family: ClassVar[str] = "deterministic"
    marker: ClassVar[str] = "X"
    random: ClassVar[bool] = False

    def unit(self, a, u, noise):
        return deterministic(a, u, noise)
