"""ARM: augment, reinforce, merge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, arm_pairing
from straightedge.estimators.sampling.forward import Coupling, uniforms_above
from straightedge.estimators.sampling.sample import Sample, draw


def contrasts(sample: Sample, us: list[Tensor], coupling: Coupling, rng: torch.Generator) -> Iterator[Tensor]:
    """For every site: the loss at the antithetic states 1[u > 1 - p] less the loss at the states 1[u < p], [.., b, 1].

    The sample serves as the first rollout of every site; what comes behind the other states is sampled with the sample's uniforms us, or
    with new ones."""
    for index, site in enumerate(sample.sites):
        opposite = site.encode(site.u > site.noise.cdf(-site.a))
        yield (sample.replay(index, opposite, uniforms_above(us, coupling, rng)) - sample.value).unsqueeze(-1)


@dataclass(frozen=True)
class Arm(Estimator):
    """ARM: a difference of two antithetic evaluations, in every layer.

    Also known as ARSM, for two categories.

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
        sample = draw(network, us)
        return sample.rows([contrast * (site.u - 0.5) * site.noise.logit_slope(site.a)
                            for site, contrast in zip(sample.sites, contrasts(sample, us, self.coupling, rng), strict=True)])

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, arm_pairing, self.coupling)
