"""Tempered straight-through: between straight-through, ZGR and the identity, by two exponents."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, with_slope


def tempered(a, u, noise=LOGISTIC, g=0.25, h=0.5):
    """x in {-1, +1}; the derivative is 2 F'(0)^(1-g) F'(a)^g w(x) / P(x), w the probabilities raised to the power h and normalised."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    own, other = noise.cdf(x * a_fixed), noise.cdf(-x * a_fixed)
    top = noise.density(a_fixed.new_zeros(()))
    possible = own > 0
    share = torch.where(possible, own, 1.0).pow(h - 1) / (own.pow(h) + other.pow(h))  # w / P
    slope = 2 * top.pow(1 - g) * noise.density(a_fixed).pow(g) * share
    return with_slope(x, a, torch.where(possible, slope, 0.0))


@dataclass(frozen=True)
class Tempered(Rule):
    """Tempered straight-through: straight-through (g = h = 1), ZGR (g = 1, h = 0) and a scaled identity (g = 0, h = 1) in one family.

    For networks whose units saturate in training: where F'(a) is small on most units and data points, g below 1 lets them take part, and h
    below 1 weighs the rare states up, at the cost of one straight-through estimate.  Against it: it is biased for linear losses too, by a
    factor for each unit that depends on its a; and on networks as initialised, whose units are not saturated, ZGR is better.  Below
    g + h = 1/2 its variance has no bound as units saturate.

    By      d x / d a := span F'(0)^(1-g) F'(a)^g w(x) / P(x | a),  w(hi) = p^h / (p^h + q^h), w(lo) = 1 - w(hi)
    Needs   the loss differentiable in x
    Bias    yes; at g = 1, and under uniform noise, none for one layer whose loss is multi-affine in x
    Cost    1 forward, 1 backward
    Paper   this package 2026, docs/tempered.md
    """

    marker: ClassVar[str] = "*"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine:uniform"})
    g: float = 0.25
    """Exponent of the noise's density; 1 keeps linear losses right, 0 forgets how saturated a unit is."""
    h: float = 0.5
    """Exponent of the states' probabilities; 1 gives both states one derivative, 0 the rarer one the larger in inverse proportion."""

    def __post_init__(self):
        for name, value in (("g", self.g), ("h", self.h)):
            if not 0 <= value <= 1:
                raise InputError(f"tempered: {name} = {value} must lie between 0 and 1")

    def unit(self, a, u, noise):
        return tempered(a, u, noise, self.g, self.h)
