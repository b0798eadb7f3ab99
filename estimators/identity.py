"""Straight-through with the identity as proxy."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC


def identity(a, u, noise=LOGISTIC):
    """x in {-1, +1}; the derivative is 1, whatever the noise."""
    return 2.0 * (u < noise.cdf(a)) - 1 + (a - a.detach())


@dataclass(frozen=True)
class Identity(Rule):
    """Identity straight-through: the gradient passes the unit unchanged.

    By      d x / d a := 1 (for states in {-1, +1}; 1/2 in {0, 1})
    Needs   the loss differentiable in x
    Bias    yes; for weights it is mirror descent on the latent weights
    Cost    1 forward, 1 backward
    Paper   Bengio, Leonard, Courville 2013, arXiv:1308.3432; Shekhovtsov, Yanush 2021, arXiv:2006.06880, Algorithm 2
    """

    marker: ClassVar[str] = "v"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine:uniform"})

    def unit(self, a, u, noise):
        return identity(a, u, noise)
