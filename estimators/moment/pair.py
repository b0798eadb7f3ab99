"""The moments of estimators that compare two evaluations of the loss, f(x) - f(x'), in every layer.

A layer's pair (x, x') is drawn unit by unit, given the state below; the layers above follow both with common uniforms, so that
the pair itself is a Markov chain upwards, over 4^n joint states a layer (or each has its own, and V is a sum of two):

    V_l(x, x') = Var(f - f' | x_l, x'_l)      V_{l-1}(x, x') = E[V_l(y, y')] + Var(F_l(y) - F_l(y')),  P(y = hi, y' = hi) = min(p, p')
    E[delta_i | x_{l-1}] = E[c_i (F_l(x) - F_l(x'))]
    E[delta_i^2 | x_{l-1}] = E[c_i^2 (V_l(x, x') + (F_l(x) - F_l(x'))^2)]

Where x' is x but for the unit itself, delta_i is nearly always the same if the other units are nearly certain, and its variance is found
from differences from that (`spread`).

A unit's joint states are numbered 2 [x = hi] + [x' = hi].
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.moment.basis import Basis, basis
from straightedge.estimators.moment.centre import activations, centres
from straightedge.estimators.moment.marginal import Delta
from straightedge.estimators.moment.message import output_deltas
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.moment.score import own, relative_features, score_weights
from straightedge.estimators.moment.spread import covariance, joint, members, noise, sides_of, transfer
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


def common(network: Network, layer: int) -> Float[Tensor, "pairs n 1 4"]:
    """P(y, y') of the units of a layer that follow the joint states below with common uniforms."""
    x = state_table(network, layer - 1)
    a = F.linear(x, *network.layers[layer])
    above, below = (a[which] for which in members(network.widths[layer - 1], a.device))
    low, high, cdf = torch.minimum(above, below), torch.maximum(above, below), network.noise.cdf
    differ = network.noise.difference(high, low)
    first = differ * (above > below)
    return torch.stack((cdf(-high), differ - first, first, cdf(low)), -1).unsqueeze(2)


def relative(values: Values, weights: Float[Tensor, "s n o d"], among: References, group: Tensor | None) -> Float[Tensor, "k s"]:
    """E[V(x) - V(r) | state below], r the reference of each."""
    out = weights.new_empty(values.tail.shape[0], len(weights))
    for number, rows in chosen(among, group):
        out[:, rows] = transfer(weights, rows, values.since(among.states[number:number + 1])[0]).T
    return out


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
        trunk, middles = [score_weights(network, a)[:, :, :1] for a in below], centres(network)
        message = Values(data.first(relative_features(network)))
        states = 2 ** network.widths[-1] if self.coupling != "common" else 4 ** network.widths[-1]
        within = message.tail.new_zeros(len(data.pairs), states)
        for layer, (among, group) in reversed(list(enumerate(middles))):
            weights = self.pairing(network, below[layer])
            flips = not bool(weights[:, :, 1:, [0, 1, 3]].any() or weights[:, :, 0, 1:3].any())
            deltas.insert(0, self.flipped(data, message, within, layer, trunk[layer], weights, middles[layer]) if flips else
                          self.compared(data, message, within, weights))
            if layer:
                within = self.followed(layer, trunk[layer], message, within, data.pairs, middles[layer])
                message = message.below(relative(message, trunk[layer], among, group), among, group)
        return trunk, [*deltas, *output_deltas(network)]

    def both(self, within: Float[Tensor, "q _"], width: int, x: Int[Tensor, " t"], other: Int[Tensor, " t"]) -> Float[Tensor, "q t"]:
        """Cov(f_v - f'_v, f_w - f'_w | x, x') for pairs (v, w) of the basis' vectors."""
        return within[:, joint(width, x, other)] if self.coupling == "common" else within[:, x] + within[:, other]

    def compared(self, data: Basis, message: Values, within: Float[Tensor, "q _"], weights: Float[Tensor, "s n 3 4"]) -> Delta:
        """The delta of a layer, by sums over joint states."""
        width = weights.shape[1]
        states = members(width, weights.device)
        first = message.difference(*states)
        second = first[data.pairs[:, 0]] * first[data.pairs[:, 1]] + self.both(within, width, *states)
        found = [torch.stack([contraction(weights, columns, [orders] * len(columns)) for orders in own(width, order)], -1)
                 for order, columns in ((1, first), (2, second))]
        return Delta.raw(data, found[0], found[1])

    def flipped(self, data: Basis, message: Values, within: Float[Tensor, "q _"], layer: int, trunk: Tensor,
                weights: Float[Tensor, "s n 3 4"], centre: tuple[References, Tensor | None]) -> Delta:
        """The same where x' is x but for the unit itself: by sums over states, from the difference of losses at the references."""
        among, group = centre
        firsts, spreads, (p, other) = [], [], data.pairs.T
        for unit, sides in enumerate(sides_of(weights.shape[1], weights.device)):
            difference, inner = message.difference(*sides), self.both(within, weights.shape[1], *sides)
            mean, spread = (weights.new_empty(count, len(weights)) for count in (len(difference), len(inner)))
            for number, rows in chosen(among, group):
                level = difference[:, among.states[number], None]
                off, spread[:, rows] = covariance(partial(transfer, trunk, rows), difference - level, inner, data.pairs)
                mean[:, rows] = level + off
            first, second = weights[:, unit, 1:, 2].T
            firsts.append(first * mean)
            spreads.append(second * spread + noise(first, second) * mean[p] * mean[other])
        return Delta(data, torch.stack(firsts, -1).transpose(0, 1), torch.stack(spreads, -1).transpose(0, 1))

    def followed(self, layer: int, trunk: Tensor, message: Values, within: Float[Tensor, "q _"], pairs: Int[Tensor, "q 2"],
                 centre: tuple[References, Tensor | None]) -> Float[Tensor, "q _"]:
        """`within` of the layer below."""
        among, group = centre
        if self.coupling != "common":
            out = within.new_empty(len(pairs), len(trunk))
            for number, rows in chosen(among, group):
                since = message.since(among.states[number:number + 1])[0]
                out[:, rows] = covariance(partial(transfer, trunk, rows), since, within, pairs)[1]
            return out
        weights, width = common(self.network, layer), trunk.shape[1]
        difference, out = message.difference(*members(width, trunk.device)), within.new_empty(len(pairs), len(weights))
        x, other = members(self.network.widths[layer - 1], trunk.device)
        which = torch.zeros_like(x) if group is None else group.long()[x] * len(among.states) + group.long()[other]
        for number in which.unique().tolist():
            rows = (which == number).nonzero()[:, 0]
            first, second = divmod(number, len(among.states))
            level = difference[:, joint(width, among.states[first:first + 1], among.states[second:second + 1])]
            out[:, rows] = covariance(partial(transfer, weights, rows), difference - level, within, pairs)[1]
        return out
