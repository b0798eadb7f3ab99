"""Analytic Gumbel-Rao: straight-through Gumbel-softmax, its noise integrated out given the state."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, relaxed_slope, require_positive, require_resolved, threshold, with_slope

STEP, TAIL = 0.5, 18.0
"""Of the trapezoidal rule in logit v, and how far it goes beyond where the integrand lives: its errors are below 1e-5, 1e-4
where the density has kinks."""


@lru_cache(maxsize=64)
def nodes(tau: float, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """(v, weights) of the integral over v in (0, 1) of what has a peak of width tau at 1: of width about 1 in logit v."""
    logit = torch.arange(-TAIL, TAIL + max(0.0, -math.log(tau)), STEP, dtype=torch.float64)
    weights = logit.sigmoid() * (-logit).sigmoid()
    return logit.sigmoid().to(device, dtype), (weights / weights.sum()).to(device, dtype)


def analytic_gumbel_rao(a, u, noise=LOGISTIC, tau=0.5):
    """x in {-1, +1}; the derivative is the relaxed state's, integrated over the noise given x."""
    a_fixed = a.detach()
    x, slope = hard(a_fixed, u, noise), torch.zeros_like(a_fixed)
    for v, weight in zip(*nodes(tau, a.dtype, a.device), strict=True):
        slope = slope + weight * relaxed_slope(a_fixed, threshold(a_fixed, x, v, noise), noise, tau)
    return with_slope(x, a, slope)


@dataclass(frozen=True)
class AnalyticGumbelRao(Rule):
    """Analytic Gumbel-Rao: the limit of `gumbel_rao` in the number of its noises, by quadrature in the place of draws.

    By      d b / d logit := E[b_k (1 - b_k) / tau | x],  b_k = s(k (a - Z) / tau)
    Needs   the loss differentiable in x
    Bias    that of `st_gumbel`; as tau -> 0 it is `zgr`
    Cost    1 forward, 1 backward, and some 75 elementwise values a unit
    Paper   Walker, Khajehnejad, Razi 2025, arXiv:2505.17962
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "*"
    tau: float = 0.5
    """Temperature, as in the concrete distribution: of the logit."""

    def __post_init__(self):
        require_positive("analytic_gumbel_rao", tau=self.tau)

    def check(self, network):
        require_resolved("analytic_gumbel_rao", self.tau, network.theta)

    def unit(self, a, u, noise):
        return analytic_gumbel_rao(a, u, noise, self.tau)
