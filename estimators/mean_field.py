"""Mean field: every unit is replaced by its mean."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC


def mean_field(a, u=None, noise=LOGISTIC):
    """x = 2 F(a) - 1 in (-1, +1), the mean of the unit: tanh(a / 2) for logistic noise."""
    return 2 * noise.cdf(a) - 1


@dataclass(frozen=True)
class MeanField(Rule):
    """Mean field ('tanh'): an ordinary network whose units take their means.

    By      x := E x = lo + span F(a)
    Needs   the loss differentiable in x, and defined between the states
    Bias    yes; none for one layer with a multi-affine loss; no variance
    Cost    1 forward, 1 backward
    Paper   Shekhovtsov, Yanush, Flach 2020, arXiv:2006.03143, section 4
    """

    family: ClassVar[str] = "deterministic"
    marker: ClassVar[str] = "P"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine"})
    random: ClassVar[bool] = False

    def unit(self, a, u, noise):
        return mean_field(a, u, noise)
