"""The exact loss of an autoencoder of counts, one Bernoulli layer under a softmax, from one table for all data points.

    E loss(y) = |y| E lse(W x + b) - <y, W E x + b>,   x ~ Bernoulli(F(a(y))) [n]

The table of lse over the 2^n codes depends on W and b alone: 2^n m exponentials in the place of 2^n m for every data point.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.count import Multinomial
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.cost import Cost, memory
from straightedge.estimators.sum.kronecker import Space
from straightedge.estimators.sum.reference import Values, grouping, references
from straightedge.estimators.sum.state import state_table
from straightedge.estimators.sum.transfer import Blocked, Pullback
from straightedge.estimators.sum.truth import exact_cost, exact_gradient, exact_loss, require_exact

BLOCK = 2048
"""Codes whose outputs are in memory together."""


@dataclass(frozen=True, eq=False)
class Bottleneck(Network):
    """A network of one Bernoulli layer whose outputs [m] are the logits of a multinomial; labels are counts [b, m]."""

    def __post_init__(self):
        if self.depth != 1 or not isinstance(self.loss, Multinomial):
            raise InputError(f"expected one Bernoulli layer under a multinomial, got {self.depth} under {type(self.loss).__name__}")


def blocks(network: Bottleneck) -> Iterator[tuple[slice, Float[Tensor, "s n"], Float[Tensor, "s m"]]]:
    """(numbers, codes, outputs) of all codes, block by block."""
    weight, bias = network.layers[1]
    codes = 2 ** network.widths[0]
    for start in range(0, codes, BLOCK):
        part = slice(start, min(start + BLOCK, codes))
        x = state_table(network, 0, part.start, part.stop)
        yield part, x, F.linear(x, weight, bias)


def partition(network: Bottleneck) -> tuple[Float[Tensor, " b"], Pullback]:
    """(E lse(W x + b) for every data point, what brings derivatives back to the activations and to the codes' values)."""
    a = F.linear(network.inputs, *network.layers[0]).T.unsqueeze(0)
    values = Values(torch.cat([torch.logsumexp(z, -1) for _, _, z in blocks(network)]).view(1, 1, -1))
    among = references([a], network.noise)[0]
    group = grouping(among, network.noise, a)
    tail, pullback = Blocked(a, network.noise, Space(a))(values, among, group)
    return values.below(tail, among, group).whole()[0, 0], pullback


def linear(network: Network) -> Float[Tensor, ""]:
    """The mean over the data of <y, W E x + b>, differentiable in theta."""
    below, (weight, bias) = network.layers
    mean = network.states[0] + network.span * network.noise.cdf(F.linear(network.inputs, *below))
    return (((network.coefficients @ weight) * mean).sum(1) + network.coefficients @ bias).mean()


@exact_loss.register
@torch.no_grad()
def _loss(network: Bottleneck) -> Float[Tensor, ""]:
    require_exact(network)
    return (network.coefficients.sum(1) * partition(network)[0]).mean() - linear(network)


@exact_gradient.register
def _gradient(network: Bottleneck) -> Float[Tensor, " d"]:
    require_exact(network)
    theta = network.theta.detach().requires_grad_()
    with torch.enable_grad():
        found, = torch.autograd.grad(-linear(network.at(theta)), theta)
    with torch.no_grad():
        share = network.coefficients.sum(1) / len(network.inputs)
        d_a, mass = (part[0] for part in partition(network)[1](share.view(1, 1, -1)))
        weight, bias = (torch.zeros_like(part) for part in network.layers[1])
        for part, x, z in blocks(network):
            slope = torch.softmax(z, -1) * mass[0, part, None]
            weight += slope.T @ x
            bias += slope.sum(0)
        return found + torch.cat([part.flatten() for part in (d_a @ network.inputs, d_a.sum(1), weight, bias)])


@exact_cost.register
def _cost(network: Bottleneck) -> Cost:
    width, m, points = network.widths[0], network.outputs, len(network.inputs)
    codes, size = 2**width, network.theta.element_size()
    operations = 8.0 * codes * width * m + 8.0 * points * codes
    return Cost(network.widths, width, operations, size * (8 * codes + 4 * BLOCK * m + 4 * points * m) + (64 << 20))


@require_exact.register
def _require(network: Bottleneck) -> None:
    needed, budget = exact_cost(network), memory()
    if needed.bytes > budget:
        raise Unsuitable(f"the exact gradient does not fit in memory: {needed}, but {budget / 2**30:.3g} GiB are allowed")
