"""The exact loss of an autoencoder of counts, one Bernoulli layer under a softmax, from one table for all data points.

    E loss(y) = |y| E lse(W x + b) - <y, W E x + b>,   x ~ Bernoulli(F(a(y))) [n]

The table of lse over the 2^n codes depends on W and b alone: 2^n m exponentials in the place of 2^n m for every data point.

Shapes: b data points, n bits, s codes, m outputs.
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


def codes(network: Bottleneck) -> Iterator[tuple[slice, Float[Tensor, "t n"]]]:
    """All codes, block by block."""
    last = 2 ** network.widths[0]
    for start in range(0, last, BLOCK):
        rows = slice(start, min(start + BLOCK, last))
        yield rows, state_table(network, 0, rows.start, rows.stop)


def log_partition(network: Bottleneck) -> Float[Tensor, " s"]:
    """logsumexp of the outputs at every code."""
    return torch.cat([torch.logsumexp(F.linear(block, *network.layers[1]), -1) for _, block in codes(network)])


def pulled(network: Bottleneck, coefficients: Float[Tensor, " s"]) -> tuple[Float[Tensor, "m n"], Float[Tensor, " m"]]:
    """The derivatives by W and by b of the table's sum with these coefficients; the outputs are made again."""
    weight, bias = network.layers[1]
    d_weight, d_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for rows, block in codes(network):
        share = torch.softmax(F.linear(block, weight, bias), -1).mul_(coefficients[rows, None])
        d_weight.addmm_(share.T, block)
        d_bias += share.sum(0)
    return d_weight, d_bias


def expected(network: Bottleneck) -> tuple[Float[Tensor, " b"], Pullback]:
    """(E lse of every data point; what brings derivatives back)."""
    a = F.linear(network.inputs, *network.layers[0]).T[None].contiguous()
    among, = references([a], network.noise)
    group = grouping(among, network.noise, a)
    values = Values(log_partition(network)[None, None])
    tail, pullback = Blocked(a, network.noise, Space(network.theta))(values, among, group)
    return values.below(tail, among, group).whole()[0, 0], pullback


def means(network: Bottleneck) -> Float[Tensor, "b n"]:
    """E x of every data point."""
    return network.states[0] + network.span * network.noise.cdf(F.linear(network.inputs, *network.layers[0]))


@exact_loss.register
@torch.no_grad()
def _loss(network: Bottleneck) -> Float[Tensor, ""]:
    require_exact(network)
    weight, bias = network.layers[1]
    counts = network.coefficients
    return (counts.sum(1) * expected(network)[0] - ((counts @ weight) * means(network)).sum(1) - counts @ bias).mean()


@exact_gradient.register
@torch.no_grad()
def _gradient(network: Bottleneck) -> Float[Tensor, " d"]:
    require_exact(network)
    below, (weight, _) = network.layers
    counts = network.coefficients / len(network.inputs)
    d_a, d_table = expected(network)[1](counts.sum(1)[None, None])
    delta = d_a[0].T - (counts @ weight) * network.span * network.noise.density(F.linear(network.inputs, *below))
    d_weight, d_bias = pulled(network, d_table[0, 0])
    parts = delta.T @ network.inputs, delta.sum(0), d_weight - counts.T @ means(network), d_bias - counts.sum(0)
    return torch.cat([part.reshape(-1) for part in parts])


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
