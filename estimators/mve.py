"""MVE: least variance among straight-through rules that are right for linear losses, for a bound on the bias beyond."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, with_slope


def mve(a, u, noise=LOGISTIC, t=1.0, k=None):
    """x in {-1, +1}; the derivative is k times straight-through's and 1 - k times DARN's, k = 1 / (1 + 4 t p q) where it is not given."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    if k is None:
        k = 1 / (1 + 4 * t * noise.cdf(a_fixed) * noise.cdf(-a_fixed))
    return with_slope(x, a, 2 * noise.density(a_fixed) * k + noise.score(a_fixed, x > 0).abs() * (1 - k))


@dataclass(frozen=True)
class Mve(Rule):
    """MVE(t) for bits: the line from straight-through to ZGR, on which every unit stands where its variance asks for.

    All rules of the line are right for linear losses; straight-through, k = 1, has no variance of its own, ZGR, k = 0, no bias for
    quadratics.  MVE(t) leaves certain units to straight-through.

    By      d x / d a := span F'(a) (k + (1 - k) / (2 P(x | a))),  k = 1 / (1 + 4 t p q)
    Needs   the loss differentiable in x
    Bias    yes; none for one layer whose loss is multi-affine in x
    Cost    1 forward, 1 backward
    Paper   Hooper, Shekhovtsov 2026, Generalized and Optimal Straight-Through Estimators, AISTATS
    """

    family: ClassVar[str] = "second order"
    marker: ClassVar[str] = "P"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine"})
    t: float = 1.0
    """Weight of the bias of quadratics against variance: 0 is straight-through, infinity ZGR."""
    k: float | None = None
    """One place on the line for all units, in the stead of t's: 1 is straight-through, 0 ZGR."""

    def __post_init__(self):
        if not 0 <= self.t < float("inf"):
            raise InputError(f"mve: t = {self.t} must not be negative, and finite; k = 0 is its limit")
        if self.k is not None and not 0 <= self.k <= 1:
            raise InputError(f"mve: k = {self.k} must lie between 0 and 1")
        if self.k is not None and self.t != 1.0:
            raise InputError(f"mve: t = {self.t:g} has no effect where k is given; expected one of them")

    def unit(self, a, u, noise):
        return mve(a, u, noise, self.t, self.k)
