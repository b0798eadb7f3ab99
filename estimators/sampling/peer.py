"""Several trunks of every row, and what the others say of each: material for control variates.

Shapes: n rows of k trunks, b data points, i units of the layer, j units below; c = b, or 1 where units are shared by all points.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.forward import mean_of_others
from straightedge.estimators.sampling.sample import Sample
from straightedge.estimators.sampling.sample import draw as draw_sample


@dataclass(frozen=True)
class Peers:
    """One Bernoulli layer of k trunks."""

    below: Float[Tensor, "n k c j"]
    """State below, which parameters are multiplied with; of width 0 in a module, where every delta counts alike."""
    a: Float[Tensor, "n k c i"]
    x: Float[Tensor, "n k c i"]
    score: Float[Tensor, "n k c i"]
    main: Float[Tensor, "n k b i"]
    """Leave-one-out REINFORCE."""
    value: Float[Tensor, "n k b"]
    """Mean loss of the others."""
    slope: Float[Tensor, "n k c i"]
    """Mean of the others' derivatives of the loss by the state."""
    product: Float[Tensor, "n k c"]
    """Mean of the others' <derivative, state>."""


def draw(network: Network, n: int, samples: int, rng: torch.Generator) -> tuple[Sample, Iterator[Peers]]:
    """(the sample, its layers) of n rows of independent trunks.

    The loss's derivatives by the states come down the chain by straight-through."""
    sample = draw_sample(network, network.uniform(rng, n, samples), True)
    slopes = sample.slopes([site.span * site.noise.density(site.a) for site in sample.sites])
    others = mean_of_others(sample.value)

    def layers() -> Iterator[Peers]:
        for below, site, g in zip(sample.inputs, sample.sites, slopes, strict=False):
            main = (sample.value - others).unsqueeze(-1) * site.score
            yield Peers(below, site.a, site.x, site.score, main, others, mean_of_others(g), mean_of_others((g * site.x).sum(-1)))

    return sample, layers()
