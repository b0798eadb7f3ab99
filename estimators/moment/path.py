"""The moments of PSA: a chain whose Jacobians depend on the state below alone.

With D_l(x) the signed differences of one layer, linearised flips give D_{l-1} = J_l(x_{l-1}) D_l, and so

    E[D_{l-1} | x_{l-1}] = J E[D_l | x_{l-1}]
    Cov(D_{l-1} | x_{l-1}) = J (E[Cov(D_l | x_l) | x_{l-1}] + Cov(E[D_l | x_l] | x_{l-1})) J'

where each expectation is a plain transfer of many columns, the last of differences from the likeliest state's.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.moment.basis import basis
from straightedge.estimators.moment.centre import activations, centres
from straightedge.estimators.moment.marginal import Delta
from straightedge.estimators.moment.message import output_deltas
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.moment.score import relative_features, score_weights
from straightedge.estimators.moment.spread import sides_of
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.contraction import contraction
from straightedge.estimators.sum.reference import members
from straightedge.estimators.sum.state import state_table


def differences(values: Float[Tensor, "k s"], width: int) -> Float[Tensor, "k s n"]:
    """values(x_i = hi) - values(x_i = lo), the other units as in the state, for every unit."""
    return torch.stack([values[:, high] - values[:, low] for high, low in sides_of(width, values.device)], -1)


def jacobian(network: Network, layer: int) -> Float[Tensor, "s i o"]:
    """P(y_o | x_i = hi) - P(y_o | x_i = lo), the other units below as in the state."""
    a = F.linear(state_table(network, layer - 1), *network.layers[layer]).T
    sides = sides_of(network.widths[layer - 1], a.device)
    return torch.stack([network.noise.difference(a[:, high], a[:, low]) for high, low in sides], -1).permute(1, 2, 0)


def outer(values: Float[Tensor, "v s n"], pairs: Int[Tensor, "q 2"]) -> Float[Tensor, "q s n n"]:
    """The symmetrised outer products of pairs of vectors."""
    found = values[pairs[:, 0]].unsqueeze(-1) * values[pairs[:, 1]].unsqueeze(-2)
    return (found + found.mT) / 2


@dataclass(frozen=True, eq=False)
class PathPlan(Plan):
    """The moments of the path sample-analytic estimator."""

    def cost(self):
        network, points = self.network, len(self.network.inputs)
        k = network.coefficients.shape[1]
        count = min(points, k * (k + 1) // 2)
        rows = [points, *(2**width for width in network.widths)]
        operations = sum(2.0 * below * 2**n * (count * n * n + k * n + points)
                         for below, n in zip(rows, network.widths, strict=False))
        return operations, max(24.0 * 2**n * count * n * n for n in network.widths) + sum(64.0 * 2**n * n for n in network.widths)

    def tables(self):
        network = self.network
        below, data, deltas = activations(network), basis(network.coefficients), []
        trunk = [score_weights(network, a)[:, :, :1] for a in below]
        first = data.first(differences(relative_features(network), network.widths[-1]))
        within = first.new_zeros(1, 1, 1, 1)
        for layer, (among, group) in reversed(list(enumerate(centres(network)))):
            slope = network.noise.density(below[layer]).unsqueeze(1)
            mean = first.new_empty(len(slope), *first.shape[::2])
            spread = first.new_empty(len(slope), len(data.pairs), first.shape[2], first.shape[2])
            for number, rows in members(among, group):
                level = first[:, among.states[number]]
                since = first - level.unsqueeze(1)
                off = self.expected(trunk[layer][rows], since)
                mean[rows] = level + off
                spread[rows] = self.expected(trunk[layer][rows], within + outer(since, data.pairs)) \
                    - outer(off.transpose(0, 1), data.pairs).transpose(0, 1)
            deltas.insert(0, Delta(data, slope * mean, slope.square() * spread.diagonal(0, 2, 3)))
            if layer:
                along = jacobian(network, layer)
                first = torch.einsum("sio,svo->vsi", along, mean)
                within = torch.einsum("sio,svop,sjp->vsij", along, spread, along)
        return trunk, [*deltas, *output_deltas(network)]

    @staticmethod
    def expected(weights: Float[Tensor, "s n o d"], message: Float[Tensor, "v states *units"]) -> Float[Tensor, "s v *units"]:
        """The expectation given the state below."""
        vectors, states, *units = message.shape
        columns = message.flatten(2).transpose(1, 2).reshape(-1, states)
        return contraction(weights, columns, [(0,) * weights.shape[1]] * len(columns)).view(-1, vectors, *units)
