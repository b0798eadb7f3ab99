"""The exact loss of an autoencoder of counts, one Bernoulli layer under a softmax, from one table for all data points.

    E loss(y) = |y| E lse(W x + b) - <y, W E x + b>,   x ~ Bernoulli(F(a(y))) [n]

The table of lse over the 2^n codes depends on W and b alone: 2^n m exponentials in the place of 2^n m for every data point.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from straightedge.estimators.network.count import Multinomial
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import Cost, Data, memory
from straightedge.estimators.sum.kronecker import Space
from straightedge.estimators.sum.transfer import Transfer, state_table
from straightedge.estimators.sum.truth import exact_cost, exact_gradient, exact_loss, require_exact

BLOCK = 2048
"""Codes whose outputs are in memory together."""


@dataclass(frozen=True, eq=False)
class Bottleneck(Network):
    """A network of one Bernoulli layer whose outputs [m] are the logits of a multinomial; labels are counts [b, m]."""

    def __post_init__(self):
        if self.depth != 1 or not isinstance(self.loss, Multinomial):
            raise InputError(f"expected one Bernoulli layer under a multinomial, got {self.depth} under {type(self.loss).__name__}")


def log_partition(network: Bottleneck) -> Float[Tensor, " s"]:
    """logsumexp of the outputs at every code, differentiable; the backward pass makes the outputs again, block by block."""
    weight, bias = network.layers[1]

    def block(weight: Tensor, bias: Tensor, start: int) -> Tensor:
        return torch.logsumexp(F.linear(state_table(network, 0, start, min(start + BLOCK, codes)), weight, bias), -1)

    codes = 2 ** network.widths[0]
    return torch.cat([checkpoint(block, weight, bias, start, use_reentrant=False) for start in range(0, codes, BLOCK)])


@exact_loss.register
def _loss(network: Bottleneck) -> Float[Tensor, ""]:
    require_exact(network)
    below, (weight, bias) = network.layers
    table = Transfer.apply(*below, log_partition(network)[None], Data(network), network.noise, Space(network.theta))[:, 0]
    mean = network.states[0] + network.span * network.noise.cdf(F.linear(network.inputs, *below))
    counts = network.coefficients
    linear = ((counts @ weight) * mean).sum(1) + counts @ bias
    return (counts.sum(1) * table - linear).mean()


@exact_gradient.register
def _gradient(network: Bottleneck) -> Float[Tensor, " d"]:
    theta = network.theta.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(exact_loss(network.at(theta)), theta)[0]


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
