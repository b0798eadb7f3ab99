"""Tempered straight-through whose exponents follow the saturation of each layer."""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from straightedge.estimators.base import Estimator, chain_deltas, local
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.tempered import tempered


@dataclass(frozen=True)
class AdaptiveTempered(Estimator):
    """Adaptive tempered straight-through: both exponents set from how saturated a layer's units are, nothing to be tuned while training.

    Saturation S is 1 - 4 p q, averaged over a layer's units and the data, of the sample at hand: 0 for fair coins, 1 for certain units.
    The exponents' law is the one found by exact moments on networks as initialised and trained.  Measured (docs/tempered.md): at fixed
    networks its efficiency is above `tempered`'s, in training it is far behind: the more saturated a layer, the closer to the identity.

    By      tempered, g = 1.22 - 1.72 S + 0.25 log10 M, h = 0.23 + 0.78 S - 0.16 log10 M, both cut to [0, 1]
    Needs   the loss differentiable in x
    Bias    yes
    Cost    1 forward, 1 backward
    Paper   this package 2026, docs/tempered.md
    """

    family: ClassVar[str] = "straight-through"
    marker: ClassVar[str] = "H"
    chain_only: ClassVar[str] = "layers, whose saturation sets its exponents"
    averaged: int = 10
    """The number M of estimates that are averaged, or over which an optimiser averages: the more, the closer to ZGR."""

    def __post_init__(self):
        if self.averaged < 1:
            raise InputError(f"adaptive_tempered: averaged = {self.averaged} must be 1 or more")

    def exponents(self, saturation: Tensor) -> tuple[Tensor, Tensor]:
        """(g, h) for a layer of this saturation."""
        decades = math.log10(self.averaged)
        return (1.22 - 1.72 * saturation + 0.25 * decades).clamp(0, 1), (0.23 + 0.78 * saturation - 0.16 * decades).clamp(0, 1)

    def __call__(self, network, n, rng):
        states, factors = [network.data(n)], []
        for layer, u in enumerate(network.uniform(rng, n)):
            a = network.affine(layer, states[-1])
            x, factor = local(self.unit, a, u, network)
            states.append(x)
            factors.append(factor)
        _, slope = network.slope(network.output(states[-1]))
        deltas = chain_deltas(network, factors, slope)
        return network.rows(states[: len(deltas)], deltas)

    def unit(self, a: Tensor, u: Tensor, noise: Noise) -> Tensor:
        """The unit of a whole layer [n, b, o], with exponents for each row."""
        fixed = a.detach()
        saturation = 1 - 4 * (noise.cdf(fixed) * noise.cdf(-fixed)).mean((-2, -1), keepdim=True)
        return tempered(a, u, noise, *self.exponents(saturation))
