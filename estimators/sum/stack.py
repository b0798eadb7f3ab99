"""Networks of one shape, side by side along a leading axis: what one pass finds for all of them.

Shapes: m networks, b data points, d parameters, k loss features, s states of the last layer, o and i units above and below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import Loss
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.state import state_table


@dataclass(frozen=True, eq=False)
class Stack:
    """m networks that differ in parameters, data and labels only."""

    like: Network
    """One of them."""
    theta: Float[Tensor, "m d"]
    inputs: Float[Tensor, "m b i"]
    coefficients: Float[Tensor, "m b k"]
    loss: Loss
    """Of outputs from which `centre` is subtracted."""
    centre: Float[Tensor, "m o"] | None

    @classmethod
    def of(cls, networks: Sequence[Network], like: Network) -> "Stack":
        """These networks; raises InputError where one is not of the shape of `like`."""
        first, origins = networks[0], [network.loss.origin(network.theta) for network in networks]
        for network, (loss, _) in zip(networks[1:], origins[1:], strict=True):
            if kind(network) != kind(first) or loss != origins[0][0]:
                raise InputError(f"expected networks of one shape, noise, encoding, loss and number of data points, got {kind(first)} "
                                 f"with {origins[0][0]} and {kind(network)} with {loss}")
        theta, inputs, coefficients = (joined(parts) for parts in (
            [network.theta.detach() for network in networks], [network.inputs for network in networks],
            [network.coefficients.detach() for network in networks]))
        centres = [theta.new_zeros(first.outputs) + centre for _, centre in origins if isinstance(centre, Tensor)]
        return cls(first, theta, inputs, coefficients, origins[0][0], joined(centres) if len(centres) == len(networks) else None)

    @cached_property
    def layers(self) -> list[tuple[Float[Tensor, "m _ _"], Float[Tensor, "m _"]]]:
        """(W [m, o, i], b [m, o]) of every affine layer, views of theta."""
        shapes = zip(self.like.groups.values(), self.like.shapes, strict=True)
        return [(self.theta[:, where.start:where.start + o * i].view(len(self.theta), o, i), self.theta[:, where.start + o * i:where.stop])
                for where, (o, i) in shapes]

    def activations(self) -> list[Float[Tensor, "m _ _"]]:
        """The pre-activations [m, n, s] of every Bernoulli layer, for the data or for every state below."""
        below = [self.inputs, *(state_table(self.like, layer).expand(len(self.theta), -1, -1) for layer in range(self.like.depth - 1))]
        return [torch.baddbmm(bias.unsqueeze(-1), weight, x.mT) for x, (weight, bias) in zip(below, self.layers, strict=False)]

    def outputs(self) -> Float[Tensor, "m s o"]:
        """z at every state of the last layer, measured from the loss's centre, which no output is rounded to."""
        x = state_table(self.like, self.like.depth - 1)
        if not self.like.outputs:
            return x.expand(len(self.theta), -1, -1)
        weight, bias = self.layers[-1]
        return torch.matmul(x, weight.mT) + (bias if self.centre is None else bias - self.centre).unsqueeze(-2)


def kind(network: Network) -> tuple:
    """What networks of one stack have in common, but for the loss."""
    return (network.widths, network.outputs, tuple(network.inputs.shape), network.noise, network.states, network.theta.dtype,
            network.theta.device)


def joined(parts: list[Tensor]) -> Tensor:
    """Stacked, without a copy where there is one."""
    return parts[0].unsqueeze(0) if len(parts) == 1 else torch.stack(parts)
