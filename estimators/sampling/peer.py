"""Several trunks of every row, and what the others say of each: material for control variates.

Shapes: n rows of k trunks, b data points, i units of the layer, j units below.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import state_slopes
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.forward import mean_of_others, trunk


@dataclass(frozen=True)
class Peers:
    """One Bernoulli layer of k trunks."""

    below: Float[Tensor, "n k b j"]
    a: Float[Tensor, "n k b i"]
    x: Float[Tensor, "n k b i"]
    score: Float[Tensor, "n k b i"]
    main: Float[Tensor, "n k b i"]
    """Leave-one-out REINFORCE."""
    value: Float[Tensor, "n k b"]
    """Mean loss of the others."""
    slope: Float[Tensor, "n k b i"]
    """Mean of the others' derivatives of the loss by the state."""
    product: Float[Tensor, "n k b"]
    """Mean of the others' <derivative, state>."""


def draw(network: Network, n: int, samples: int, rng: torch.Generator) -> tuple[list[Tensor], Tensor, Iterator[Peers]]:
    """(states, derivative by the outputs, the layers) of n rows of independent trunks.

    The loss's derivatives by the states come down the chain by straight-through."""
    states, activations, z = trunk(network, network.uniform(rng, n, samples))
    value, slope = network.slope(z)
    slopes = state_slopes(network, [network.span * network.noise.density(a) for a in activations], slope)
    others = mean_of_others(value)

    def layers() -> Iterator[Peers]:
        for below, a, x, g in zip(states, activations, states[1:], slopes, strict=False):
            score = network.noise.score(a, x > sum(network.states) / 2)
            main = (value - others).unsqueeze(-1) * score
            yield Peers(below, a, x, score, main, others, mean_of_others(g), mean_of_others((g * x).sum(-1)))

    return states, slope, layers()
