"""The exact expected loss and its gradient by marginalisation, layer by layer: sum_l 2^(n_l + n_{l+1}) terms, never 2^(sum n).

Values descend from the loss to the data, V_{l-1} = T_l V_l; then their coefficients in the loss climb, C_{l+1} = C_l T_l, and leave in
every layer the derivative by T_l, which is C_l' V_l.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.cost import require_exact
from straightedge.estimators.sum.kronecker import Space
from straightedge.estimators.sum.reference import Values, grouping, references
from straightedge.estimators.sum.stack import Stack
from straightedge.estimators.sum.state import state_table
from straightedge.estimators.sum.transfer import Blocked, Pullback, split
from straightedge.estimators.sum.whole import Whole, tables

WHOLE_BYTES = 7 << 17
"""Size of the tables of one layer up to which they are formed whole, for as many networks at once as this takes."""


@dataclass(frozen=True, eq=False)
class Descent:
    """What the values leave behind on their way down from the loss."""

    stack: Stack
    z: Float[Tensor, "m s o"]
    """The outputs at every state of the last layer."""
    values: Values
    """Of the data points."""
    pullbacks: list[Pullback]
    """Of all layers, from the lowest."""


def bytes_of(network: Network) -> int:
    """Of the tables of the largest layer."""
    features, rows = network.coefficients.shape[1], [len(network.inputs), *(2**width for width in network.widths)]
    parts = [(below, *split(width, features)) for below, width in zip(rows, network.widths, strict=False)]
    return max(network.theta.element_size() * below * (2**first + features * 2**second) for below, first, second in parts)


def descend(stack: Stack) -> Descent:
    """The values of every layer's states, from the last layer's down to the data's."""
    like, activations = stack.like, stack.activations()
    z = stack.outputs()
    features = stack.loss.features(z)
    among = references(activations, like.noise)
    groups = [grouping(own, like.noise, a) for own, a in zip(among, activations, strict=True)]
    if bytes_of(like) > WHOLE_BYTES:
        space = Space(stack.theta)
        transfers: Sequence[Blocked | Whole] = [Blocked(a, like.noise, space) for a in activations]
    else:
        transfers = tables(activations, like.noise, features.shape[-1])
    values, pullbacks = Values(features.mT.contiguous()), list[Pullback]()
    for transfer, own, group in reversed(list(zip(transfers, among, groups, strict=True))):
        tail, pullback = transfer(values, own, group)
        values = values.below(tail, own, group)
        pullbacks.insert(0, pullback)
    return Descent(stack, z, values, pullbacks)


def climb(found: Descent) -> Float[Tensor, "m d"]:
    """The gradients, from the data up."""
    stack, like, parts = found.stack, found.stack.like, []
    coefficients = stack.coefficients.mT.contiguous() / stack.coefficients.shape[1]
    for layer, pullback in enumerate(found.pullbacks):
        delta, coefficients = pullback(coefficients)
        parts += [torch.matmul(delta, state_table(like, layer - 1) if layer else stack.inputs).flatten(1), delta.sum(-1)]
    if like.outputs:
        slope = stack.loss.slopes(found.z, coefficients.mT)
        parts += [torch.matmul(slope.mT, state_table(like, like.depth - 1)).flatten(1), slope.sum(1)]
    return torch.cat(parts, 1)


def stacks(networks: Sequence[Network]) -> list[Stack]:
    """As many networks as one pass takes in each.  Raises InputError where they are not of one shape, Unsuitable where one does not fit."""
    require_exact(networks[0])
    together = max(1, WHOLE_BYTES // bytes_of(networks[0]))
    return [Stack.of(networks[start:start + together], networks[0]) for start in range(0, len(networks), together)]


@torch.no_grad()
def exact_losses(networks: Sequence[Network]) -> Float[Tensor, " m"]:
    """The exact expected losses, averaged over the data, of networks of one shape in one pass."""
    return torch.cat([(descend(stack).values.whole() * stack.coefficients.mT).sum(1).mean(-1) for stack in stacks(networks)])


@torch.no_grad()
def exact_gradients(networks: Sequence[Network]) -> Float[Tensor, "m d"]:
    """The exact gradients of the expected losses of networks of one shape, in one pass."""
    return torch.cat([climb(descend(stack)) for stack in stacks(networks)])


def exact_loss(network: Network) -> Float[Tensor, ""]:
    """The exact expected loss, averaged over the data."""
    return exact_losses([network])[0]


def exact_gradient(network: Network) -> Float[Tensor, " d"]:
    """The exact gradient of the expected loss."""
    return exact_gradients([network])[0]
