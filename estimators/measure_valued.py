"""Measure-valued derivatives: a weighted difference of two distributions."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, flip_pairing
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.sampling.sample import draw


@dataclass(frozen=True)
class MeasureValued(Estimator):
    """Measure-valued derivative: F'(a) times the difference of the losses under the unit's positive and negative part.

    The parts of a Bernoulli unit are its two states, so that with coupled rest it is the local expectation gradient.  In a
    chain the rest is the other units of the layer and the layers above.

    Also known as weak derivatives; flip_mvd of ADEV.

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
        sample, deltas = draw(network, network.uniform(rng, n)), []
        rest = None if self.coupled else network.uniform(rng, n)
        for index, site in enumerate(sample.sites):
            (lo, hi), x = site.states, site.x
            upper = sample.changed(index, hi - x)
            if rest is None:
                lower = sample.changed(index, lo - x)
            else:
                x = site.encode(rest[index] < site.noise.cdf(site.a))
                lower = sample.changed(index, lo - x, x, rest)
            deltas.append(site.noise.density(site.a) * (upper - lower))
        return sample.rows(deltas)

    def plan(self, network):
        """The plan of its exact moments."""
        if not self.coupled:
            raise Unsuitable("measure_valued: no exact moments where the parts are not coupled; sample it")
        return PairPlan(network, flip_pairing)
