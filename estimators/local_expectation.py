"""Local expectation gradients: both values of every unit."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, flip_pairing
from straightedge.estimators.sampling.flip import flip, losses
from straightedge.estimators.sampling.forward import estimate_rows, trunk


@dataclass(frozen=True)
class LocalExpectation(Estimator):
    """Local expectation gradient (RAM): the expectation over each unit is taken exactly, the rest is sampled.

    In a chain the other units of the layer keep their states and the layers above are sampled with the same uniforms for both
    values of the unit, as Tokui and Sato do.

    By      F'(a) (f given the unit is hi - f given it is lo), one unit at a time
    Needs   nothing of the loss but its value
    Bias    none; no noise from the unit itself
    Cost    1 forward, and the layers above once more for each unit
    Paper   Titsias, Lazaro-Gredilla 2015, arXiv:1503.01494; Tokui, Sato 2017, arXiv:1702.01240
    """

    family: ClassVar[str] = "enumeration"
    marker: ClassVar[str] = "s"
    unbiased: ClassVar[bool] = True

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        value, slope = network.outcome(z)
        deltas = []
        for layer, above in enumerate([*activations[1:], z]):
            step = flip(network, states[layer + 1])
            other = losses(network, layer, above, us, step)
            difference = (other - value.unsqueeze(-1)) * (step / network.span)
            deltas.append(network.noise.density(activations[layer]) * difference)
        return estimate_rows(network, states, deltas, slope)

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, flip_pairing)
