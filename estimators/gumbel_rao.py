"""Gumbel-Rao: straight-through Gumbel-softmax, averaged over the noises that would have given the same state."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule, rule_rows
from straightedge.estimators.moment.chain import ChainPlan
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import (
    hard,
    relaxed,
    relaxed_slope,
    require_positive,
    require_resolved,
    threshold,
    through,
    with_slope,
)


def gumbel_rao(a, u, vs, noise=LOGISTIC, tau=0.5):
    """x in {-1, +1}; the derivative is the relaxed state's, averaged over the noises given x that the uniforms `vs` lead to:
    a tensor [k, ..] or any iterable of k tensors of the shape of a."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    slopes = [relaxed_slope(a_fixed, threshold(a_fixed, x, v, noise), noise, tau) for v in vs]
    return with_slope(x, a, sum(slopes) / len(slopes))


@dataclass(frozen=True)
class GumbelRao(Rule):
    """Gumbel-Rao: Rao-Blackwellised straight-through Gumbel-softmax, by `noises` draws of the noise given the state.

    By      d b / d logit := mean of b_k (1 - b_k) / tau,  b_k = s(k (a - z_k) / tau),  z_k ~ Z given x
    Needs   the loss differentiable in x
    Bias    that of `st_gumbel`; as tau -> 0 and noises -> infinity it is `zgr`
    Cost    1 forward, 1 backward, and `noises` draws a unit
    Paper   Paulus, Maddison, Krause 2021, arXiv:2010.04838
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "^"
    tau: float = 0.5
    """Temperature, as in the concrete distribution: of the logit."""
    noises: int = 10
    """Noises averaged over, all given the same state; 1 is `st_gumbel`."""

    def __post_init__(self):
        require_positive("gumbel_rao", tau=self.tau, noises=self.noises)

    def check(self, network):
        require_resolved("gumbel_rao", self.tau, network.theta)

    def unit(self, a, u, noise):
        return through(hard(a, u, noise), relaxed(a, noise.quantile(u), noise, self.tau))

    @property
    def further(self):
        return self.noises

    def state(self, a, u, vs, noise):
        return gumbel_rao(a, u, vs, noise, self.tau)

    def __call__(self, network, n, rng):
        return rule_rows(network, self, n, rng)

    def plan(self, network):
        """The plan of its exact moments."""
        return ChainPlan(network, self)
