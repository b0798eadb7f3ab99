"""ReinMax: straight-through of second order."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, require_positive, with_slope


def reinmax(a, u, noise=LOGISTIC, tau=1.0):
    """x in {-1, +1}; the derivative by the logit is Heun's, m halfway from the bit to its tempered mean."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    bit, tempered = (x + 1) / 2, noise.logit(a_fixed) / tau
    middle = (bit + torch.sigmoid(tempered)) / 2
    rest = (1 - bit + torch.sigmoid(-tempered)) / 2
    by_logit = 2 * middle * rest - noise.cdf(a_fixed) * noise.cdf(-a_fixed) / 2
    return with_slope(x, a, 2 * by_logit * noise.logit_slope(a_fixed))


@dataclass(frozen=True)
class Reinmax(Rule):
    """ReinMax: Heun's rule for a difference of the loss, where straight-through is Euler's; other noises through the logit.

    By      d x / d logit := span (2 m (1 - m) - p (1 - p) / 2),  m = (bit + s(logit / tau)) / 2
    Needs   the loss differentiable in x
    Bias    yes; none at tau = 1 for one layer whose loss is at most quadratic in each unit, and where `darn` has none
    Cost    1 forward, 1 backward
    Paper   Liu, Dong, Liu, Yu, Gao 2023, arXiv:2304.08612
    """

    family: ClassVar[str] = "second order"
    marker: ClassVar[str] = "D"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine", "quadratic"})
    tau: float = 1.0
    """Temperature of the mean that m is built on; the states keep their law.  The authors advise 1 or more."""

    def __post_init__(self):
        require_positive("reinmax", tau=self.tau)

    def unit(self, a, u, noise):
        return reinmax(a, u, noise, self.tau)
