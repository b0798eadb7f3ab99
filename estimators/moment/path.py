"""The moments of PSA: a chain whose Jacobians depend on the state below alone.

With D_l(x) the signed differences of one layer, linearised flips give D_{l-1} = J_l(x_{l-1}) D_l, and so

    E[D_{l-1} | x_{l-1}] = J E[D_l | x_{l-1}]        E[D_{l-1} D_{l-1}' | x_{l-1}] = J E[D_l D_l' | x_{l-1}] J'

where each expectation is a plain transfer of many columns.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.moment.basis import basis
from straightedge.estimators.moment.centre import activations
from straightedge.estimators.moment.marginal import Delta
from straightedge.estimators.moment.message import output_deltas
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.moment.score import relative_features, score_weights
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.contraction import contraction
from straightedge.estimators.sum.state import state_table


def sides_of(width: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """For every unit the numbers of all states with it hi, and with it lo."""
    index = torch.arange(2**width, device=device)
    return [(index | 1 << shift, index & ~(1 << shift)) for shift in reversed(range(width))]


def differences(values: Float[Tensor, "k s"], width: int) -> Float[Tensor, "k s n"]:
    """values(x_i = hi) - values(x_i = lo), the other units as in the state, for every unit."""
    return torch.stack([values[:, high] - values[:, low] for high, low in sides_of(width, values.device)], -1)


def jacobian(network: Network, layer: int) -> Float[Tensor, "s i o"]:
    """P(y_o | x_i = hi) - P(y_o | x_i = lo), the other units below as in the state."""
    a = F.linear(state_table(network, layer - 1), *network.layers[layer]).T
    sides = sides_of(network.widths[layer - 1], a.device)
    return torch.stack([network.noise.difference(a[:, high], a[:, low]) for high, low in sides], -1).permute(1, 2, 0)


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
        second = first[data.pairs[:, 0]].unsqueeze(-1) * first[data.pairs[:, 1]].unsqueeze(-2)
        second = (second + second.mT) / 2
        for layer in reversed(range(network.depth)):
            slope = network.noise.density(below[layer]).unsqueeze(1)
            first, second = (self.expected(trunk[layer], message) for message in (first, second))
            deltas.insert(0, Delta.raw(data, slope * first, slope.square() * second.diagonal(0, 2, 3)))
            if layer:
                along = jacobian(network, layer)
                first = torch.einsum("sio,svo->vsi", along, first)
                second = torch.einsum("sio,svop,sjp->vsij", along, second, along)
        return trunk, [*deltas, *output_deltas(network)]

    @staticmethod
    def expected(weights: Float[Tensor, "s n o d"], message: Float[Tensor, "v states *units"]) -> Float[Tensor, "s v *units"]:
        """The expectation given the state below."""
        vectors, states, *units = message.shape
        columns = message.flatten(2).transpose(1, 2).reshape(-1, states)
        return contraction(weights, columns, [(0,) * weights.shape[1]] * len(columns)).view(-1, vectors, *units)
