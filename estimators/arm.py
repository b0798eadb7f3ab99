"""ARM: augment, reinforce, merge."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, arm_pairing
from straightedge.estimators.sampling.forward import Coupling, estimate_rows, rollout, trunk, uniforms_above


def antithetic_pair(network, activations, us, value, coupling, rng):
    """For every Bernoulli layer: (a, u, p, loss at the trunk's state 1[u < p], loss at the antithetic state 1[u > 1 - p]).

    The trunk serves as the first rollout of every layer; the layers above the other are sampled with its uniforms, or with new ones."""
    for layer, (a, u) in enumerate(zip(activations, us, strict=True)):
        p = network.noise.cdf(a)
        opposite = network.encode(u > network.noise.cdf(-a))
        yield a, u, p, value, rollout(network, opposite, uniforms_above(us, coupling, rng), layer)


@dataclass(frozen=True)
class Arm(Estimator):
    """ARM: a difference of two antithetic evaluations, in every layer.

    By      (f(1[u > 1 - p]) - f(1[u < p])) (u - 1/2), by the unit's logit
    Needs   nothing of the loss but its value
    Bias    none
    Cost    1 forward, and one more from each layer upward
    Paper   Yin, Zhou 2019, arXiv:1807.11143
    """

    family: ClassVar[str] = "antithetic"
    marker: ClassVar[str] = "^"
    unbiased: ClassVar[bool] = True
    coupling: Coupling = "common"
    """How the layers above the compared states are sampled: with common uniforms, which lowers the variance, or independently, as the
    estimator was first used in networks of several layers."""

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        value, slope = network.outcome(z)
        deltas = [(opposite - same).unsqueeze(-1) * (u - 0.5) * network.noise.logit_slope(a)
                  for a, u, _, same, opposite in antithetic_pair(network, activations, us, value, self.coupling, rng)]
        return estimate_rows(network, states, deltas, slope)

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, arm_pairing, self.coupling)
