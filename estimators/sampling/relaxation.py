"""Relaxed control variates: the loss of a chain whose states are smoothed, coupled with the hard states.

A unit is hi where its noise Z is below a, and its relaxed state is smooth in a - Z.  Z' is Z drawn anew given the hard state x.
A function c of the relaxed state costs nothing in expectation as the control

    c(a - Z') d log P(x | a) / d a - d c(a - Z) / d a + d c(a - Z') / d a

Shapes: n rows, b data points, i units of the layer; c = b, or 1 where units are shared by all points; 2: at Z and at Z'.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.network.unit import relaxed, relaxed_slope, threshold
from straightedge.estimators.sampling.sample import Sample, Site
from straightedge.estimators.sampling.sample import draw as draw_sample


@dataclass(frozen=True)
class Coupling:
    """One Bernoulli layer at a sampled state."""

    below: Float[Tensor, "n c j"]
    """The state below."""
    a: Float[Tensor, "n c i"]
    main: Float[Tensor, "n b i"]
    """REINFORCE."""
    score: Float[Tensor, "n c i"]
    noises: Float[Tensor, "n 2 c i"]
    """Z and Z'."""
    chain: Float[Tensor, "n c i"]
    """d (a - Z') / d a."""

    def control(self, value: Float[Tensor, "n 2 b"], slope: Float[Tensor, "n 2 c i"]) -> Float[Tensor, "n b i"]:
        """The deltas of a control with these values and derivatives at Z and Z'."""
        return value[:, 1].unsqueeze(-1) * self.score + slope[:, 1] * self.chain - slope[:, 0]


def couple(site: Network | Site, below: Tensor, a: Tensor, x: Tensor, value: Tensor, z: Tensor, v: Tensor) -> Coupling:
    """The coupling of the noises z with noises drawn from the uniforms v given the states x."""
    noise, upper = site.noise, x > sum(site.states) / 2
    again = threshold(a, 2 * upper.to(a) - 1, v, noise)
    density = noise.density(again)
    chain = 1 - torch.where(density > 0, v * noise.density(a) / density, 0.0)
    score = noise.score(a, upper)
    return Coupling(below, a, value.unsqueeze(-1) * score, score, torch.stack((z, again), 1), chain)


def draw(network: Network, n: int, rng: torch.Generator) -> tuple[Sample, list[Tensor], Iterator[Coupling]]:
    """(the sample, noises Z, couplings of the layers) of n sampled rows."""
    us, vs = network.uniform(rng, n), network.uniform(rng, n)
    sample = draw_sample(network, us)
    zs = [site.noise.quantile(u) for site, u in zip(sample.sites, us, strict=True)]
    layers = zip(sample.inputs, sample.sites, zs, vs, strict=False)
    return sample, zs, (couple(site, below, site.a, site.x, sample.value, z, v) for below, site, z, v in layers)


def smoothed(sample: Sample, part: Coupling, zs: list[Tensor], layer: int,
             tau: float) -> tuple[Float[Tensor, "n 2 b"], Float[Tensor, "n 2 c i"]]:
    """The loss and its derivative by a - Z, where layer `layer` and those above are relaxed; those above keep their noises zs."""
    site, a = sample.sites[layer], part.a.unsqueeze(1)
    x = site.states[0] + site.span / 2 * (1 + relaxed(a, part.noises, site.noise, tau))
    value, slope = sample.smoothed(layer, x, zs, tau)
    return value, site.span / 2 * relaxed_slope(a, part.noises, site.noise, tau) * slope
