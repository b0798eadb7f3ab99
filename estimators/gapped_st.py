"""Gapped straight-through: the derivative of a softmax whose logits are moved to agree with the sample."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, require_positive, with_slope


def gapped_st(a, u, noise=LOGISTIC, tau=0.5, gap=1.0):
    """x in {-1, +1}; the derivative is s(d / tau) s(-d / tau) / tau by the logit, d = max(gap, x logit)."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    if gap is None:
        p, q = noise.cdf(x * a_fixed), noise.cdf(-x * a_fixed)
        gap = -torch.log(q) / p
    lead = torch.maximum(x * noise.logit(a_fixed), torch.as_tensor(gap, dtype=a.dtype, device=a.device)) / tau
    return with_slope(x, a, 2 * torch.sigmoid(lead) * torch.sigmoid(-lead) / tau * noise.logit_slope(a_fixed))


@dataclass(frozen=True)
class GappedSt(Rule):
    """Gapped straight-through: the relaxed derivative without its noise, the sampled state ahead of the other by a gap or more.

    Other noises through the unit's logit.

    By      d b / d logit := s(d / tau) s(-d / tau) / tau,  d = max(gap, x logit)
    Needs   the loss differentiable in x
    Bias    yes, for a linear loss too
    Cost    1 forward, 1 backward
    Paper   Fan, Chi, Rudnicky, Ramadge 2022, arXiv:2206.07235
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "v"
    tau: float = 0.5
    """Temperature of the softmax."""
    gap: float | None = 1.0
    """Least lead of the sampled state's logit; None for -log(1 - P(x)) / P(x), its mean in the Gumbel trick."""

    def __post_init__(self):
        require_positive("gapped_st", tau=self.tau)
        if self.gap is not None and not self.gap >= 0:
            raise InputError(f"gapped_st: gap = {self.gap} must not be negative")

    def unit(self, a, u, noise):
        return gapped_st(a, u, noise, self.tau, self.gap)
