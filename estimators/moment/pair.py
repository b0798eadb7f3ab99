"""The moments of estimators that compare two evaluations of the loss, f(x) - f(x'), in every layer.

A layer's pair (x, x') is drawn unit by unit, given the state below; the layers above follow both with common uniforms, so that
the pair itself is a Markov chain upwards, over 4^n joint states a layer (or each has its own, and E[f^2], E[f] are enough):

    G_l(x, x') = E[(f - f')^2 | x_l, x'_l]     G_{l-1}(x, x') = E[G_l(y, y')],  P(y = hi, y' = hi) = min(p, p'), and so on
    E[delta_i | x_{l-1}] = E[c_i (F_l(x) - F_l(x'))],     E[delta_i^2 | x_{l-1}] = E[c_i^2 G_l(x, x')]

A unit's joint states are numbered 2 [x = hi] + [x' = hi].
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.moment.basis import basis
from straightedge.estimators.moment.centre import activations, centres
from straightedge.estimators.moment.marginal import Delta
from straightedge.estimators.moment.message import output_deltas
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.moment.score import own, relative_features, score_weights
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.forward import Coupling
from straightedge.estimators.sum.contraction import contraction
from straightedge.estimators.sum.reference import References, Values
from straightedge.estimators.sum.reference import members as chosen
from straightedge.estimators.sum.state import state_table

Pairing = Callable[[Network, Tensor], Tensor]
"""(network, a [s, n]) -> E[c^k 1{x, x'}] [s, n, 3, 4] for k = 0, 1, 2.  Order 0 is what the unit does in another unit's comparison,
orders 1 and 2 what it does in its own."""


def arm_pairing(network: Network, a: Float[Tensor, "s n"]) -> Float[Tensor, "s n 3 4"]:
    """x = 1[u < p], x' = 1[u > 1 - p], c = (1/2 - u) d logit / da: the integrals over the three regions of u."""
    p, q = network.noise.cdf(a), network.noise.cdf(-a)
    tail, slope = torch.minimum(p, q), network.noise.logit_slope(a)
    apart = (tail, slope * tail * (1 - tail) / 2, slope.square() * tail * (1 / 4 - tail / 2 + tail.square() / 3))
    alike = (1 - 2 * tail, torch.zeros_like(a), slope.square() * (1 - 2 * tail).pow(3) / 12)
    high = (p > q).to(a)
    return torch.stack([torch.stack((together * (1 - high), sign * differ, differ, together * high), -1)
                        for differ, together, sign in zip(apart, alike, (1, -1, 1), strict=True)], -2)


def disarm_pairing(network: Network, a: Float[Tensor, "s n"]) -> Float[Tensor, "s n 3 4"]:
    """The states of ARM, c = +-F'(a) / (2 min(p, 1 - p)) where they differ, else 0."""
    tail, factor = network.noise.cdf(-a.abs()), network.noise.score(a, a < 0).abs() / 2
    first, second, zero = factor * tail, factor.square() * tail, torch.zeros_like(a)
    own = torch.stack((zero, -first, first, zero), -1), torch.stack((zero, second, second, zero), -1)
    return torch.stack((arm_pairing(network, a)[..., 0, :], *own), -2)


def flip_pairing(network: Network, a: Float[Tensor, "s n"]) -> Float[Tensor, "s n 3 4"]:
    """x' = x but for one unit, which is hi in x and lo in x', c = F'(a)."""
    slope, zero = network.noise.density(a), torch.zeros_like(a)
    return torch.stack([torch.stack(part, -1) for part in ((network.noise.cdf(-a), zero, zero, network.noise.cdf(a)),
                                                           (zero, zero, slope, zero), (zero, zero, slope.square(), zero))], -2)


def members(width: int, device: torch.device) -> tuple[Int[Tensor, " pairs"], Int[Tensor, " pairs"]]:
    """The numbers of x and of x' in every joint state of a layer."""
    index = torch.arange(4**width, device=device)
    bits = [(index >> shift) & 1 for shift in range(2 * width)]
    x, other = (torch.stack([bit << unit for unit, bit in enumerate(bits[start::2])]).sum(0) for start in (1, 0))
    return x, other


def common(network: Network, layer: int) -> Float[Tensor, "pairs n 1 4"]:
    """P(y, y') of the units of a layer that follow the joint states below with common uniforms."""
    x = state_table(network, layer - 1)
    a = F.linear(x, *network.layers[layer])
    above, below = (a[which] for which in members(network.widths[layer - 1], a.device))
    low, high, cdf = torch.minimum(above, below), torch.maximum(above, below), network.noise.cdf
    differ = network.noise.difference(high, low)
    first = differ * (above > below)
    return torch.stack((cdf(-high), differ - first, first, cdf(low)), -1).unsqueeze(2)


def transfer(weights: Float[Tensor, "s n o d"], rows: Tensor | slice, columns: Float[Tensor, "k states"]) -> Float[Tensor, "t k"]:
    """E[columns | state below], for these rows of a layer's weights."""
    return contraction(weights[rows], columns, [(0,) * weights.shape[1]] * len(columns))


def relative(values: Values, weights: Float[Tensor, "s n o d"], among: References, group: Tensor | None) -> Float[Tensor, "k s"]:
    """E[V(x) - V(r) | state below], r the reference of each."""
    out = weights.new_empty(values.tail.shape[0], len(weights))
    for number, rows in chosen(among, group):
        out[:, rows] = transfer(weights, rows, values.since(among.states[number:number + 1])[0]).T
    return out


@dataclass(frozen=True, eq=False)
class Apart:
    """Two evaluations whose layers above are sampled independently: first and second moments of the loss given the state."""

    first: Float[Tensor, "r s"]
    second: Float[Tensor, "q s"]

    @classmethod
    def of(cls, values: Float[Tensor, "r s"], pairs: Int[Tensor, "q 2"]) -> "Apart":
        """Those of the last layer's states, which fix the loss."""
        return cls(values, values[pairs[:, 0]] * values[pairs[:, 1]])

    def descend(self, transfer: Callable[[Tensor], Tensor]) -> "Apart":
        """Those given the state of the layer below."""
        return Apart(transfer(self.first).T.contiguous(), transfer(self.second).T.contiguous())

    def square(self, pairs: Int[Tensor, "q 2"], x: Int[Tensor, " t"], other: Int[Tensor, " t"]) -> Float[Tensor, "q t"]:
        """E[(f_v - f'_v) (f_w - f'_w) | x, x'] for pairs (v, w) of the basis' vectors."""
        v, w = (self.first[part] for part in pairs.T)
        return self.second[:, x] + self.second[:, other] - v[:, x] * w[:, other] - w[:, x] * v[:, other]


@dataclass(frozen=True, eq=False)
class PairPlan(Plan):
    """The moments of an estimator whose delta is c_i (f(x) - f(x')) for pairs of this kind."""

    pairing: Pairing
    coupling: Coupling = "common"

    def cost(self):
        network, points = self.network, len(self.network.inputs)
        k = network.coefficients.shape[1]
        count = min(points, k * (k + 1) // 2)
        rows = [points, *(2**width for width in network.widths)]
        each = sum(4.0 * below * 4**n * n * count for below, n in zip(rows, network.widths, strict=False))
        chain = sum(2.0 * 4 ** (below + n) * count for below, n in zip(network.widths, network.widths[1:], strict=False))
        push = sum(2.0 * points * 2 ** (below + n) for below, n in zip(network.widths, network.widths[1:], strict=False))
        size = max(8.0 * 4**n * (6 * count + 12 * n) for n in network.widths) + 96.0 * max(rows) * max(network.widths)
        return each + chain + push, size

    def tables(self):
        network = self.network
        below, data, deltas = activations(network), basis(network.coefficients), []
        trunk = [score_weights(network, a)[:, :, :1] for a in below]
        message = Values(data.first(relative_features(network)))
        difference = message.difference(*members(network.widths[-1], data.vectors.device))
        square = difference[data.pairs[:, 0]] * difference[data.pairs[:, 1]]
        apart = Apart.of(data.first(relative_features(network)), data.pairs)
        for layer, (among, group) in reversed(list(enumerate(centres(network)))):
            weights, width = self.pairing(network, below[layer]), network.widths[layer]
            deltas.insert(0, Delta.raw(data, *(
                torch.stack([contraction(weights, columns, [orders] * len(columns)) for orders in own(width, order)], -1)
                for order, columns in ((1, difference), (2, square)))))
            if layer:
                message = message.below(relative(message, trunk[layer], among, group), among, group)
                difference = message.difference(*members(network.widths[layer - 1], square.device))
                if self.coupling == "common":
                    square = transfer(common(network, layer), slice(None), square).T.contiguous()
                else:
                    apart = apart.descend(partial(transfer, trunk[layer], slice(None)))
                    square = apart.square(data.pairs, *members(network.widths[layer - 1], square.device))
        return trunk, [*deltas, *output_deltas(network)]
