"""A straight-through rule whose uniforms are stratified over the data points."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator, chain_rows
from straightedge.estimators.network.network import Network
from straightedge.estimators.straight_through import straight_through
from straightedge.estimators.tempered import tempered
from straightedge.estimators.zgr import zgr

RULES = {"straight_through": straight_through, "zgr": zgr, "tempered": tempered}


@dataclass(frozen=True)
class Stratified(Estimator):
    """Stratified: every unit's uniforms are a Latin hypercube over the data points: a rare state comes up about as often as it should.

    Each data point's units are as independent and as likely as before, the mean is the rule's own; only what the data points have in
    common loses variance.  Measured: next to nothing, since the data points' slopes differ (docs/tempered.md).

    By      u_b = (pi(b) + v_b) / B for data points b = 0 .. B-1, pi a random permutation for every unit, v_b ~ U(0, 1)
    Needs   the loss differentiable in x
    Bias    that of the rule
    Cost    1 forward, 1 backward
    Paper   this package 2026, docs/tempered.md; McKay, Beckman, Conover 1979, Latin hypercube sampling
    """

    family: ClassVar[str] = "straight-through"
    marker: ClassVar[str] = "8"
    chain_only: ClassVar[str] = "the uniforms of all its data points at once"
    rule: Literal["straight_through", "zgr", "tempered"] = "tempered"
    """The rule, with its default hyper-parameters."""

    def __call__(self, network, n, rng):
        return chain_rows(RULES[self.rule], network, latin(network, n, rng))


def latin(network: Network, n: int, rng: torch.Generator) -> list[Tensor]:
    """One tensor [n, b, units] a layer: u ~ U(0, 1), one in each b-th part of (0, 1) for every unit of a row."""
    within, order = network.uniform(rng, n), network.uniform(rng, n)
    return [(keys.argsort(1) + u) / u.shape[1] for keys, u in zip(order, within, strict=True)]
