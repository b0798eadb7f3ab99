"""A straight-through rule with a rare correction that takes its bias away."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from straightedge.estimators.base import Estimator, chain_rows
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.network.error import InputError
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.tempered import tempered
from straightedge.estimators.zgr import zgr

RULES = {"straight_through": straight_through, "zgr": zgr, "tempered": tempered}


@dataclass(frozen=True)
class Corrected(Estimator):
    """A cheap rule, and now and then, with probability `share`, what local expectation says of the same sample beyond it.

    Unbiased at little more than the rule's own price; what it pays with is variance, that of the correction over `share`.

    By      r + 1[v < share] / share (l - r), r the rule's estimate, l local expectation's at the same states, v ~ U(0, 1)
    Needs   the loss differentiable in x
    Bias    none
    Cost    1 forward, 1 backward; at a random `share` of the rows another forward, and the layers above again for each unit
    Paper   this package 2026, docs/tempered.md; in the manner of McLeish 2011, doi:10.1515/mcma.2011.013, and Rhee, Glynn 2015
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "X"
    unbiased: ClassVar[bool] = True
    chain_only: ClassVar[str] = "two estimates of one sample, drawn layer by layer"
    expected_failures: ClassVar[dict[str, str]] = {"check_cost": "which rows are corrected, and so the price of a few rows, is random"}
    rule: Literal["straight_through", "zgr", "tempered"] = "zgr"
    """The cheap rule, with its default hyper-parameters."""
    share: float = 0.1
    """Probability of the correction."""

    def __post_init__(self):
        if not 0 < self.share <= 1:
            raise InputError(f"corrected: share = {self.share} must lie between 0, exclusive, and 1")

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        rows = chain_rows(RULES[self.rule], network, us)
        chosen = torch.rand(n, generator=rng, dtype=rows.dtype, device=rows.device) < self.share
        if bool(chosen.any()):
            better = LocalExpectation().rows(draw(network, [u[chosen] for u in us]))
            rows = rows.index_add(0, chosen.nonzero()[:, 0], (better - rows[chosen]) / self.share)
        return rows
