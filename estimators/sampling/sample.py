"""One sampled forward pass, and the four things that estimators ask of it: the same of a chain of layers and of any module.

    draw(network, us)       the pass itself: what the units got, what states they gave, the loss of every data point
    sample.replay           the loss with the states of some units replaced, those before kept, those behind drawn with their uniforms
    sample.changed          the same, one unit at a time
    sample.rows             the gradient estimates that these estimates of d loss / d a make

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

from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import Noise
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

    @abstractmethod
    def replay(self, index: int, x: Float[Tensor, "... i"]) -> Float[Tensor, "... b"]:
        """The loss with the states x at this site; x may have one more axis behind the rows."""

    @abstractmethod
    def changed(self, index: int, step: Float[Tensor, "n c i"], x: Tensor | None = None,
                us: list[Tensor] | None = None) -> Float[Tensor, "n b i"]:
        """The loss with unit i of this site alone changed by step_i; from other states x and other uniforms behind it, where given."""

    @abstractmethod
    def rows(self, deltas: Sequence[Tensor]) -> Float[Tensor, "n d"]:
        """The gradient estimates from an estimate of d loss / d a of every site, [.., b, i], and the loss's own derivative."""


@dataclass(frozen=True, eq=False)
class ChainSample(Sample):
    """The sample of a chain: sites are layers, and only what lies behind a layer is evaluated anew."""

    network: Network
    us: list[Tensor]
    below: list[Tensor]
    """Input states of the affine layers."""
    output: Tensor
    slope: Tensor | None
    """Derivative by the outputs, where there is an output layer."""

    def replay(self, index, x):
        return rollout(self.network, x, [u.unsqueeze(1) for u in self.us] if x.dim() > self.sites[index].a.dim() else self.us, index)

    def changed(self, index, step, x=None, us=None):
        if x is None:
            above = [*(site.a for site in self.sites[1:]), self.output][index]
        else:
            states, activations = climb(self.network, x, us, index + 1)
            above = [*activations, self.network.output([x, *states][-1])][0]
        return losses(self.network, index, above, us or self.us, step)

    def rows(self, deltas):
        return estimate_rows(self.network, self.below, list(deltas), self.slope)


@singledispatch
def draw(network: Network, us: list[Tensor]) -> Sample:
    """The sampled forward pass with these uniforms, one tensor a site."""
    states, activations, z = trunk(network, us)
    value, slope = network.outcome(z)
    sites = [Site(a, u, x, network.noise, network.states) for a, u, x in zip(activations, us, states[1:], strict=True)]
    return ChainSample(sites, value, network, us, states, z, slope)
