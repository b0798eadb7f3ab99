"""REINFORCE whose rows are altered: what most broken estimators are made of.  Each says in `meant` which check must notice."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import estimate_rows, trunk


@dataclass(frozen=True)
class Altered(Reinforce):
    """`alter` is given the right rows and what they were drawn with."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar[str] = ""

    def __call__(self, network, n, rng):
        return self.alter(super().__call__(network, n, rng), network, n, rng)


@dataclass(frozen=True)
class OwnNoise(Reinforce):
    """`uniforms` gives the noise of the rows [n, b, units], one tensor a layer, past the network's own; `subtracted` what is taken
    from the losses [n, b]."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar[str] = ""

    def uniforms(self, network, n, rng):
        return [torch.rand(n, len(network.inputs), width, generator=rng, dtype=network.theta.dtype) for width in network.widths]

    def subtracted(self, value):
        return 0.0

    def __call__(self, network, n, rng):
        states, activations, z = trunk(network, self.uniforms(network, n, rng))
        value, slope = network.outcome(z)
        value, middle = value - self.subtracted(value), sum(network.states) / 2
        return estimate_rows(network, states, [value.unsqueeze(-1) * network.noise.score(a, x > middle)
                                               for a, x in zip(activations, states[1:], strict=True)], slope)
