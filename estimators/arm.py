"""ARM: augment, reinforce, merge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, arm_pairing
from straightedge.estimators.sampling.sample import Sample, draw


def contrasts(sample: Sample) -> Iterator[Tensor]:
    """For every site: the loss at the antithetic states 1[u > 1 - p] less the loss at the states 1[u < p], [.., b, 1].

    What comes behind is sampled with the same uniforms in both, so the sample serves as the first rollout of every site."""
    for index, site in enumerate(sample.sites):
        opposite = site.encode(site.u > site.noise.cdf(-site.a))
        yield (sample.replay(index, opposite) - sample.value).unsqueeze(-1)


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

    def __call__(self, network, n, rng):
        sample = draw(network, network.uniform(rng, n))
        return sample.rows([contrast * (site.u - 0.5) * site.noise.logit_slope(site.a)
                            for site, contrast in zip(sample.sites, contrasts(sample), strict=True)])

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, arm_pairing)
