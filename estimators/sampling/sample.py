"""One sampled forward pass, and what estimators ask of it: the same of a chain of layers and of any module.

    draw(network, us)       the pass itself: what the units got, what states they gave, the loss of every data point
    sample.replay           the loss with the states of some units replaced, those before kept, those behind drawn with their uniforms
    sample.changed          the same, one unit at a time
    sample.slopes           the derivative of the loss by the states, the units passing gradients by these factors
    sample.smoothed         the loss and its derivative with some units relaxed
    sample.rows             the gradient estimates that these estimates of d loss / d a make
    passed(network, ..)     a pass whose units are smooth, with its loss and the derivative by their states

Shapes: n rows, or n rows of k samples; b data points, i units of a site.  Where a site's units are shared by all points (weights that are
Bernoulli) its tensors have length 1 in the place of b; whatever is multiplied with a loss [.., b, 1] gets that axis by broadcasting.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Unit, ascend, state_slopes
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.network.unit import relaxed, relaxed_slope
from straightedge.estimators.sampling.flip import losses
from straightedge.estimators.sampling.forward import climb, estimate_rows, rollout, trunk


@dataclass(frozen=True)
class Site:
    """Units that get their states together: a Bernoulli layer of a chain, or one call of a module of units."""

    a: Float[Tensor, "... i"]
    u: Float[Tensor, "... i"]
    x: Float[Tensor, "... i"]
    noise: Noise
    states: tuple[float, float]

    @property
    def span(self) -> float:
        """hi - lo."""
        return self.states[1] - self.states[0]

    @property
    def score(self) -> Float[Tensor, "... i"]:
        """d log P(x | a) / d a."""
        return self.noise.score(self.a, self.x > sum(self.states) / 2)

    @property
    def flip(self) -> Float[Tensor, "... i"]:
        """The change that takes every unit from its state to its other state."""
        return sum(self.states) - 2 * self.x

    def encode(self, upper: Tensor) -> Float[Tensor, "..."]:
        """States from truth values."""
        lo, hi = (self.a.new_tensor(state) for state in self.states)
        return torch.where(upper, hi, lo)


@dataclass(frozen=True, eq=False)
class Sample(ABC):
    """What one forward pass of every row gave."""

    sites: Sequence[Site]
    """In the order in which they were asked."""
    value: Float[Tensor, "... b"]
    """The loss of every data point."""
    inputs: Sequence[Tensor]
    """[.., c, j], what each site's parameters are multiplied with, where that is known: the input states of a chain's layers, of its output
    too; else of width 0."""

    @abstractmethod
    def replay(self, index: int, x: Float[Tensor, "... i"], us: list[Tensor] | None = None) -> Float[Tensor, "... b"]:
        """The loss with the states x at this site; x may have one more axis behind the rows.  With other uniforms us behind it, where
        given; they may have that axis too."""

    @abstractmethod
    def changed(self, index: int, step: Float[Tensor, "n c i"], x: Tensor | None = None,
                us: list[Tensor] | None = None) -> Float[Tensor, "n b i"]:
        """The loss with unit i of this site alone changed by step_i; from other states x and other uniforms behind it, where given."""

    @abstractmethod
    def slopes(self, factors: Sequence[Tensor]) -> list[Tensor]:
        """The derivative of a point's loss by the states of every site, [.., c, i], by the chain rule with local derivatives `factors`; the
        mean over points where units are shared.  For a sample that was drawn `differentiable`."""

    @abstractmethod
    def smoothed(self, index: int, x: Float[Tensor, "n k c i"], zs: list[Tensor], tau: float) -> tuple[Tensor, Tensor]:
        """(the loss [n, k, b], its derivative [n, k, c, i] by x) with the relaxed states x at this site, those behind relaxed at
        temperature tau with their noises zs."""

    @abstractmethod
    def rows(self, deltas: Sequence[Tensor]) -> Float[Tensor, "n d"]:
        """The gradient estimates from an estimate of d loss / d a of every site, [.., b, i], and the loss's own derivative."""


@dataclass(frozen=True, eq=False)
class ChainSample(Sample):
    """The sample of a chain: sites are layers, and only what lies behind a layer is evaluated anew."""

    network: Network
    us: list[Tensor]
    output: Tensor
    slope: Tensor | None
    """Derivative by the outputs, where there is an output layer or it was asked for."""

    def replay(self, index, x, us=None):
        us = [u.unsqueeze(1) if u.dim() < x.dim() else u for u in us or self.us]
        return rollout(self.network, x, us, index)

    def changed(self, index, step, x=None, us=None):
        if x is None:
            above = [*(site.a for site in self.sites[1:]), self.output][index]
        else:
            states, activations = climb(self.network, x, us, index + 1)
            above = [*activations, self.network.output([x, *states][-1])][0]
        return losses(self.network, index, above, us or self.us, step)

    def slopes(self, factors):
        return state_slopes(self.network, list(factors), self.slope)

    def smoothed(self, index, x, zs, tau):
        network, factors, half = self.network, [], self.network.span / 2
        for layer in range(index + 1, network.depth):
            a, z = network.affine(layer, x), zs[layer].unsqueeze(1)
            x = network.states[0] + half * (1 + relaxed(a, z, network.noise, tau))
            factors.append(half * relaxed_slope(a, z, network.noise, tau))
        value, slope = network.slope(network.output(x))
        g = network.pull(network.depth, slope) if network.outputs else slope
        for layer in reversed(range(index + 1, network.depth)):
            g = network.pull(layer, factors.pop() * g)
        return value, g

    def rows(self, deltas):
        return estimate_rows(self.network, list(self.inputs), list(deltas), self.slope)


@dataclass(frozen=True, eq=False)
class Passed:
    """One pass of smooth units."""

    x: list[Tensor]
    """States of every site, [.., c, i]."""
    value: Float[Tensor, "... b"]
    slopes: list[Tensor]
    """Derivative of a point's loss by the states, as `Sample.slopes`."""


@singledispatch
def passed(network: Network, unit: Unit, us: list[Tensor]) -> Passed:
    """The pass with this unit: its states and its local derivatives."""
    states, factors, z = ascend(unit, network, us)
    value, slope = network.slope(z)
    return Passed(states[1:], value, state_slopes(network, factors, slope))


@singledispatch
def draw(network: Network, us: list[Tensor], differentiable: bool = False) -> Sample:
    """The sampled forward pass with these uniforms, one tensor a site; `differentiable` where its slopes will be asked for."""
    states, activations, z = trunk(network, us)
    value, slope = network.slope(z) if differentiable else network.outcome(z)
    sites = [Site(a, u, x, network.noise, network.states) for a, u, x in zip(activations, us, states[1:], strict=True)]
    return ChainSample(sites, value, states, network, us, z, slope)
