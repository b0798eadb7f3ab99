"""Local expectation gradients: both values of every unit."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, flip_pairing
from straightedge.estimators.sampling.sample import Sample, draw


@dataclass(frozen=True)
class LocalExpectation(Estimator):
    """Local expectation gradient (RAM): the expectation over each unit is taken exactly, the rest is sampled.

    In a chain the other units of the layer keep their states and the layers above are sampled with the same uniforms for both
    values of the unit, as Tokui and Sato do.

    Also known as RAM; IndeCateR for one unit at a time; flip_enum of ADEV for a single bit.

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
        return self.rows(draw(network, network.uniform(rng, n)))

    def rows(self, sample: Sample) -> Float[Tensor, "n d"]:
        """The estimates of this sample."""
        deltas = []
        for index, site in enumerate(sample.sites):
            other = sample.changed(index, site.flip)
            difference = (other - sample.value.unsqueeze(-1)) * (site.flip / site.span)
            deltas.append(site.noise.density(site.a) * difference)
        return sample.rows(deltas)

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, flip_pairing)
