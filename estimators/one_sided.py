"""One-sided straight-through: the smoothed stochastic derivative of one direction of change."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, with_slope


def one_sided(a, u, noise=LOGISTIC, side="right"):
    """x in {-1, +1}; the derivative is 2 F'(a) / P(x) for the state that a change of a to that side can flip, 0 for the other."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    flips = x < 0 if side == "right" else x > 0
    return with_slope(x, a, torch.where(flips, 2 * noise.score(a_fixed, x > 0).abs(), 0.0))


@dataclass(frozen=True)
class OneSided(Rule):
    """One-sided rule: only units that a small change of a to one side would flip pass the gradient.

    A larger a flips low units alone (right), a smaller one high units alone (left); the average of both is ZGR.

    By      d x / d a := span F'(a) [x is lo] / q  (right),  span F'(a) [x is hi] / p  (left)
    Needs   the loss differentiable in x
    Bias    yes; none for one layer whose loss is multi-affine in x
    Cost    1 forward, 1 backward
    Paper   Arya, Schauer, Schafer, Rackauckas 2022, arXiv:2210.08572, smoothed one-sided strategies
    """

    family: ClassVar[str] = "second order"
    marker: ClassVar[str] = ">"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine"})
    side: Literal["right", "left"] = "right"
    """The direction in which a is taken to change."""

    def unit(self, a, u, noise):
        return one_sided(a, u, noise, self.side)
