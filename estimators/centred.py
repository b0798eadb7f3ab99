"""A straight-through rule whose estimates are freed of what is linear in the units' own centred bits."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator, local
from straightedge.estimators.network.error import InputError
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.tempered import tempered
from straightedge.estimators.zgr import zgr

RULES = {"straight_through": straight_through, "zgr": zgr, "tempered": tempered}


def others(values: Tensor) -> Tensor:
    """For each sample along axis 1, the sum of the others."""
    return values.sum(1, keepdim=True) - values


@dataclass(frozen=True)
class Centred(Estimator):
    """Centred bits as control variates of a rule: x - E[x | below] costs no pass, and part of every unit's estimate is linear in it.

    The coefficient of a unit is found on the other samples of the row, all data points together, by the bit's known variance.  The mean
    is the rule's own, bias and all.

    By      r_k - beta (x_k - E x_k), averaged over samples k; beta = the others' covariance of r_j and x_j / their span^2 p_j q_j
    Needs   the loss differentiable in x
    Bias    that of the rule
    Cost    `samples` forward and backward
    Paper   this package 2026, docs/tempered.md; control variates from second samples as in Kool, van Hoof, Welling 2019
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "v"
    rule: Literal["straight_through", "zgr", "tempered"] = "zgr"
    """The rule, with its default hyper-parameters."""
    samples: int = 8
    """Samples of a row, each of which gets its coefficients from the others."""

    def __post_init__(self):
        if self.samples < 3:
            raise InputError(f"centred: samples = {self.samples} is too few; each needs two others, so expected at least 3")

    def __call__(self, network, n, rng):
        sample = draw(network, network.uniform(rng, n, self.samples), True)
        factors = [local(RULES[self.rule], site.a, site.u, site)[1] for site in sample.sites]
        deltas = []
        for site, factor, slope in zip(sample.sites, factors, sample.slopes(factors), strict=True):
            p, q, delta = site.noise.cdf(site.a), site.noise.cdf(-site.a), factor * slope
            centred = site.span * torch.where(site.x > sum(site.states) / 2, q, -p)
            apart = others(delta * centred) - others(delta) * others(centred) / (self.samples - 1)
            known, seen = (others(part).sum(-2, keepdim=True) for part in (site.span**2 * p * q, centred.square()))
            scale = torch.maximum(known, seen)  # where rare states came up more often than they should, the bits' own squares
            beta = torch.where(scale > 0, apart.sum(-2, keepdim=True) / torch.where(scale > 0, scale, 1.0), 0.0)
            deltas.append(delta - beta * centred)
        return sample.rows(deltas)
