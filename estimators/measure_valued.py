"""Measure-valued derivatives: a weighted difference of two distributions."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, flip_pairing
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.sampling.flip import losses
from straightedge.estimators.sampling.forward import climb, estimate_rows, trunk


@dataclass(frozen=True)
class MeasureValued(Estimator):
    """Measure-valued derivative: F'(a) times the difference of the losses under the unit's positive and negative part.

    The parts of a Bernoulli unit are its two states, so that with coupled rest it is the local expectation gradient.  In a
    chain the rest is the other units of the layer and the layers above.

    By      F'(a) (f(hi, rest) - f(lo, rest')), rest' = rest where coupled, else independent
    Needs   nothing of the loss but its value
    Bias    none
    Cost    1 forward (2 where not coupled), and the layers above twice more for each unit
    Paper   Mohamed, Rosca, Figurnov, Mnih 2020, arXiv:1906.10652, section 6
    """

    family: ClassVar[str] = "enumeration"
    marker: ClassVar[str] = "D"
    unbiased: ClassVar[bool] = True
    coupled: bool = True
    """Whether both parts see the same other units."""

    def __call__(self, network, n, rng):
        lo, hi = network.states
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        slope = network.outcome(z)[1]
        rest = us if self.coupled else network.uniform(rng, n)
        deltas = []
        for layer, above in enumerate([*activations[1:], z]):
            x = states[layer + 1]
            upper = losses(network, layer, above, us, hi - x)
            if not self.coupled:
                x = network.encode(rest[layer] < network.noise.cdf(activations[layer]))
                others, above = climb(network, x, rest, layer + 1)
                above = [*above, network.output([x, *others][-1])][0]
            lower = losses(network, layer, above, rest, lo - x)
            deltas.append(network.noise.density(activations[layer]) * (upper - lower))
        return estimate_rows(network, states, deltas, slope)

    def plan(self, network):
        """The plan of its exact moments."""
        if not self.coupled:
            raise Unsuitable("measure_valued: no exact moments where the parts are not coupled; sample it")
        return PairPlan(network, flip_pairing)
