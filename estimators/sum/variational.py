"""The exact negative ELBO of a discrete variational autoencoder of images, one Bernoulli layer under independent pixels.

    E -log p(y | x) + KL(q || prior) = E S(x) - <y, W E x + b> + sum_i KL(q_i || 1/2),   S(x) = sum_v softplus((W x + b)_v)

with x ~ q = Bernoulli(F(a(y))) [n] and fair coins as prior.  The table of S over the 2^n codes depends on W and b alone, so one table
serves all images and there is no joint table of codes and images.  log q is a function of the parameters itself: its expectation, in the
divergence, is exact, and so is that part of the gradient in every estimate (`rows`); what is estimated is the gradient of the rest.

Shapes: b images, n bits, s codes, m pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.pixel import Pixels
from straightedge.estimators.sum.cost import Cost, memory
from straightedge.estimators.sum.kronecker import Space
from straightedge.estimators.sum.reference import Values, grouping, references
from straightedge.estimators.sum.state import state_table
from straightedge.estimators.sum.transfer import Blocked, Pullback
from straightedge.estimators.sum.truth import exact_cost, exact_gradient, exact_loss, require_exact

BLOCK = 4096
"""Codes whose outputs are in memory together."""
WIDEST = 24
"""Bits beyond which no table of codes is thought of."""


@dataclass(frozen=True, eq=False)
class Variational(Network):
    """A network of one Bernoulli layer, the code, whose outputs [m] are the logits of pixels; labels are pixels [b, m] in {0, 1}."""

    def __post_init__(self):
        if self.depth != 1 or not isinstance(self.loss, Pixels):
            raise InputError(f"expected one Bernoulli layer under pixels, got {self.depth} under {type(self.loss).__name__}")

    @cached_property
    def activations(self) -> Float[Tensor, "b n"]:
        """Pre-activations of the code."""
        return F.linear(self.inputs, *self.layers[0])

    @property
    def pixels(self) -> Float[Tensor, "b m"]:
        """The labels, in the precision of the parameters."""
        return -self.coefficients[:, 1:]

    @cached_property
    def own(self) -> Float[Tensor, " d"]:
        """The derivative of the mean divergence by the parameters."""
        delta = divergence_slope(self) / len(self.inputs)
        below = torch.cat(((delta.T @ self.inputs).reshape(-1), delta.sum(0)))
        return F.pad(below, (0, len(self.theta) - len(below)))

    def rows(self, states, deltas):
        """The estimates, each with the exact derivative of the divergence."""
        return super().rows(states, deltas) + self.own

    def measured(self, x):
        raise Unsuitable("the loss holds log q, which is a function of the parameters: moments by layers do not know of it; sample them")


def divergence(network: Variational) -> Float[Tensor, " b"]:
    """KL(q || fair coins) of every image, in nats."""
    p, q = (network.noise.cdf(sign * network.activations) for sign in (1, -1))
    return (torch.special.xlogy(p, 2 * p) + torch.special.xlogy(q, 2 * q)).sum(1)


def divergence_slope(network: Variational) -> Float[Tensor, "b n"]:
    """Its derivative by the pre-activations, F'(a) log(F(a) / F(-a)); zero where a unit is certain."""
    a = network.activations
    density, (p, q) = network.noise.density(a), (network.noise.cdf(sign * a) for sign in (1, -1))
    return torch.where((p > 0) & (q > 0) & (density > 0), density * (p.log() - q.log()), 0.0)


def blocks(network: Variational) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """(the numbers of some codes, these codes [t, n], their outputs [t, m]), block by block."""
    last = 2 ** network.widths[0]
    for start in range(0, last, BLOCK):
        rows = slice(start, min(start + BLOCK, last))
        states = state_table(network, 0, rows.start, rows.stop)
        yield rows, states, F.linear(states, *network.layers[1])


def expected(network: Variational) -> tuple[Float[Tensor, " b"], Pullback]:
    """(E S of every image; what brings derivatives back)."""
    table = torch.cat([F.softplus(z, threshold=40).sum(-1) for _, _, z in blocks(network)])
    a = network.activations.T[None].contiguous()
    among, = references([a], network.noise)
    group = grouping(among, network.noise, a)
    values = Values(table[None, None])
    tail, pullback = Blocked(a, network.noise, Space(network.theta))(values, among, group)
    return values.below(tail, among, group).whole()[0, 0], pullback


def means(network: Variational) -> Float[Tensor, "b n"]:
    """E x of every image."""
    return network.states[0] + network.span * network.noise.cdf(network.activations)


@exact_loss.register
@torch.no_grad()
def _loss(network: Variational) -> Float[Tensor, ""]:
    require_exact(network)
    return (expected(network)[0] - (network.pixels * F.linear(means(network), *network.layers[1])).sum(1) + divergence(network)).mean()


@exact_gradient.register
@torch.no_grad()
def _gradient(network: Variational) -> Float[Tensor, " d"]:
    require_exact(network)
    weight, bias = network.layers[1]
    pixels = network.pixels / len(network.inputs)
    d_a, d_table = expected(network)[1](pixels.new_full((1, 1, len(pixels)), 1 / len(pixels)))
    delta = d_a[0].T - (pixels @ weight) * network.span * network.noise.density(network.activations)
    d_weight, d_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for rows, states, z in blocks(network):
        share = torch.sigmoid(z).mul_(d_table[0, 0, rows, None])
        d_weight.addmm_(share.T, states)
        d_bias += share.sum(0)
    parts = delta.T @ network.inputs, delta.sum(0), d_weight - pixels.T @ means(network), d_bias - pixels.sum(0)
    return torch.cat([part.reshape(-1) for part in parts]) + network.own


@exact_cost.register
def _cost(network: Variational) -> Cost:
    width, m, points = network.widths[0], network.outputs, len(network.inputs)
    codes, size = 2**width, network.theta.element_size()
    operations = 8.0 * codes * width * m + 8.0 * points * codes
    return Cost(network.widths, width, operations, size * (8 * codes + 4 * BLOCK * m + 4 * points * m) + (64 << 20))


@require_exact.register
def _require(network: Variational) -> None:
    needed, budget = exact_cost(network), memory()
    if network.widths[0] > WIDEST or needed.bytes > budget:
        raise Unsuitable(f"the exact gradient is out of reach: {needed}, {budget / 2**30:.3g} GiB are allowed; expected {WIDEST} bits at "
                         "most, or a reference that is sampled")
