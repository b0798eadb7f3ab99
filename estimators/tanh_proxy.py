"""Straight-through with tanh as proxy."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, through


def tanh_proxy(a, u, noise=LOGISTIC):
    """x in {-1, +1}; the derivative is that of tanh(a), whatever the noise."""
    return through(hard(a, u, noise), a.tanh())


@dataclass(frozen=True)
class TanhProxy(Rule):
    """Tanh straight-through: the gradient passes as through tanh, whatever the noise.

    By      d x / d a := 1 - tanh(a)^2, the matched rule under logistic noise with F(a) = s(2 a)
    Needs   the loss differentiable in x
    Bias    yes; none for one layer with a multi-affine loss under that noise, and a wrong scale per layer under F(a) = s(a)
    Cost    1 forward, 1 backward
    Paper   Raiko, Berglund, Alain, Dinh 2015, arXiv:1406.2989; Shekhovtsov, Yanush 2021, arXiv:2006.06880
    """

    marker: ClassVar[str] = "<"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine:logistic2"})

    def unit(self, a, u, noise):
        return tanh_proxy(a, u, noise)
