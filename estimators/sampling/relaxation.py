"""Relaxed control variates: the loss of a chain whose states are smoothed, coupled with the hard states.

A unit is hi where its noise Z is below a, and its relaxed state is smooth in a - Z.  Z' is Z drawn anew given the hard state x.
A function c of the relaxed state costs nothing in expectation as the control

    c(a - Z') d log P(x | a) / d a - d c(a - Z) / d a + d c(a - Z') / d a

Shapes: n rows, b data points, i units of the layer; 2: at Z and at Z'.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.network.unit import relaxed, relaxed_slope, threshold
from straightedge.estimators.sampling.forward import trunk


@dataclass(frozen=True)
class Coupling:
    """One Bernoulli layer at a sampled state."""

    below: Float[Tensor, "n b j"]
    """The state below."""
    a: Float[Tensor, "n b i"]
    main: Float[Tensor, "n b i"]
    """REINFORCE."""
    score: Float[Tensor, "n b i"]
    noises: Float[Tensor, "n 2 b i"]
    """Z and Z'."""
    chain: Float[Tensor, "n b i"]
    """d (a - Z') / d a."""

    def control(self, value: Float[Tensor, "n 2 b"], slope: Float[Tensor, "n 2 b i"]) -> Float[Tensor, "n b i"]:
        """The deltas of a control with these values and derivatives at Z and Z'."""
        return value[:, 1].unsqueeze(-1) * self.score + slope[:, 1] * self.chain - slope[:, 0]


def couple(network: Network, below: Tensor, a: Tensor, x: Tensor, value: Tensor, z: Tensor, v: Tensor) -> Coupling:
    """The coupling of the noises z with noises drawn from the uniforms v given the states x."""
    noise, upper = network.noise, x > sum(network.states) / 2
    again = threshold(a, 2 * upper.to(a) - 1, v, noise)
    density = noise.density(again)
    chain = 1 - torch.where(density > 0, v * noise.density(a) / density, 0.0)
    score = noise.score(a, upper)
    return Coupling(below, a, value.unsqueeze(-1) * score, score, torch.stack((z, again), 1), chain)


def draw(network: Network, n: int, rng: torch.Generator) -> tuple[list[Tensor], Tensor | None, list[Tensor], Iterator[Coupling]]:
    """(states, derivative by the outputs, noises Z, couplings of the layers) of n sampled rows."""
    us, vs = network.uniform(rng, n), network.uniform(rng, n)
    states, activations, outputs = trunk(network, us)
    value, slope = network.outcome(outputs)
    zs = [network.noise.quantile(u) for u in us]
    layers = zip(states, activations, states[1:], zs, vs, strict=False)
    return states, slope, zs, (couple(network, below, a, x, value, z, v) for below, a, x, z, v in layers)


def smoothed(network: Network, part: Coupling, zs: list[Tensor], layer: int,
             tau: float) -> tuple[Float[Tensor, "n 2 b"], Float[Tensor, "n 2 b i"]]:
    """The loss and its derivative by a - Z, where layer `layer` and those above are relaxed; those above keep their noises zs."""
    a, z, x, factors, half = part.a.unsqueeze(1), part.noises, part.below, [], network.span / 2
    for index in range(layer, network.depth):
        if index > layer:
            a, z = network.affine(index, x), zs[index].unsqueeze(1)
        x = network.states[0] + half * (1 + relaxed(a, z, network.noise, tau))
        factors.append(half * relaxed_slope(a, z, network.noise, tau))
    value, slope = network.slope(network.output(x))
    g = factors.pop() * (network.pull(network.depth, slope) if network.outputs else slope)
    for index in reversed(range(layer + 1, network.depth)):
        g = factors.pop() * network.pull(index, g)
    return value, g
