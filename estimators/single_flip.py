"""Random single flip: of a layer's units one is compared with its other state."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, flip_pairing
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.sampling.sample import draw

Choice = Literal["density", "even"]


def chances(a: Float[Tensor, "*n i"], noise: Noise, choice: Choice) -> Float[Tensor, "*n i"]:
    """The probabilities with which the units of a layer are chosen; they sum to one, and are even where no unit can change."""
    weight = noise.density(a) if choice == "density" else torch.ones_like(a)
    total = weight.sum(-1, keepdim=True)
    return torch.where(total > 0, weight / torch.where(total > 0, total, 1.0), 1 / a.shape[-1])


def single_pairing(network: Network, a: Float[Tensor, "s n"], choice: Choice) -> Float[Tensor, "s n 3 4"]:
    """What a unit does in its own comparison, made with its chance and weighed by its inverse: c^2 / chance is left of the square."""
    found, chance = flip_pairing(network, a), chances(a, network.noise, choice)
    found[..., 2, :] = torch.where(chance > 0, 1 / torch.where(chance > 0, chance, 1.0), 0.0).unsqueeze(-1) * found[..., 2, :]
    return found


@dataclass(frozen=True)
class SingleFlip(Estimator):
    """Random single flip: for each data point one unit of each layer, chosen at random, is evaluated in both states.

    The price does not grow with the width, the variance does.  Pruned stochastic derivatives of a whole program keep one flip of all; here
    each layer keeps one.

    By      F'(a_i) (f given unit i is hi - f given it is lo) [i is chosen] / P(i is chosen)
    Needs   nothing of the loss but its value
    Bias    none
    Cost    1 forward, and one more from each layer upward
    Paper   Arya, Schauer, Schafer, Rackauckas 2022, arXiv:2210.08572, pruning
    """

    family: ClassVar[str] = "enumeration"
    marker: ClassVar[str] = "^"
    unbiased: ClassVar[bool] = True
    choice: Choice = "density"
    """Chances of the units of a layer: in proportion to F'(a), or even."""

    def __call__(self, network, n, rng):
        sample, deltas = draw(network, network.uniform(rng, n)), []
        for index, site in enumerate(sample.sites):
            chance = chances(site.a, site.noise, self.choice)
            v = torch.rand(site.a.shape[:-1], generator=rng, dtype=site.a.dtype, device=site.a.device).unsqueeze(-1)
            place = (v >= chance.cumsum(-1)).sum(-1, keepdim=True).clamp_max(site.a.shape[-1] - 1)
            chosen = torch.zeros_like(site.a).scatter(-1, place, 1.0)
            other = sample.replay(index, site.x + chosen * site.flip)
            slope = site.noise.density(site.a) * chosen / torch.where(chosen > 0, chance, 1.0)
            deltas.append(slope * (other - sample.value).unsqueeze(-1) * (site.flip / site.span))
        return sample.rows(deltas)

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, partial(single_pairing, choice=self.choice))
