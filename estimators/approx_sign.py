"""Straight-through with ApproxSign, the piecewise quadratic, as proxy."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, require_positive, with_slope


def approx_sign(a, u, noise=LOGISTIC, support=2.0):
    """x in {-1, +1}; the derivative is a tent of area 2 on [-support, support], whatever the noise."""
    tent = (1 - a.detach().abs() / support).clamp_min(0)
    return with_slope(hard(a, u, noise), a, tent * (2 / support))


@dataclass(frozen=True)
class ApproxSign(Rule):
    """ApproxSign straight-through: the gradient is scaled by a tent around 0.

    By      d x / d a := (2 / c) max(0, 1 - |a| / c) on the support [-c, c], the matched rule under triangular noise for c = 2
    Needs   the loss differentiable in x
    Bias    yes; none for one layer with a multi-affine loss under that noise
    Cost    1 forward, 1 backward
    Paper   Liu, Wu, Luo, Yang, Liu, Cheng 2018, arXiv:1808.00278 (Bi-Real Net; its own c is 1)
    """

    marker: ClassVar[str] = ">"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine:triangular"})
    support: float = 2.0
    """c, in units of the pre-activation."""

    def __post_init__(self):
        require_positive("approx_sign", support=self.support)

    def unit(self, a, u, noise):
        return approx_sign(a, u, noise, self.support)
