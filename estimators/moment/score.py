"""The moments of the score-function estimators, as messages of the loss and of its square.

    F(x_l) = E[f | x_l]     E[delta_i | x_{l-1}] = E[F(x_l) score_i],     E[delta_i^2 | x_{l-1}] = E[F_2(x_l) score_i^2]

with F_2 the message of (f - baseline)^2: the baseline is one more loss feature, the constant one.  An estimate with the mean of
the other samples as baseline is the sample covariance of f and s = score_i x_j, whose variance from K samples is

    Var = (E[(f - E f)^2 s^2] - (K - 2) / (K - 1) (E f s)^2 + Var f E s^2 / (K - 1)) / K

for E s = 0; the first and the last term are one quadratic form in the features and the constant.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.moment.basis import basis, unit_basis
from straightedge.estimators.moment.centre import activations, centres
from straightedge.estimators.moment.marginal import Delta
from straightedge.estimators.moment.message import output_deltas
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.contraction import contraction
from straightedge.estimators.sum.reference import Values, members
from straightedge.estimators.sum.state import state_table


def score_weights(network: Network, a: Float[Tensor, "s n"]) -> Float[Tensor, "s n 3 2"]:
    """P(x), P(x) score and P(x) score^2 for x = lo, hi; the middle one is the density's own."""
    upper = torch.tensor([False, True], device=a.device)
    a, slope = a.unsqueeze(-1), network.noise.density(a).unsqueeze(-1)
    probability = torch.cat((network.noise.cdf(-a), network.noise.cdf(a)), -1)
    signed = torch.cat((-slope, slope), -1)
    return torch.stack((probability, signed, signed * network.noise.score(a, upper)), -2)


def features(network: Network) -> Float[Tensor, "k s"]:
    """The loss features of every state of the last layer."""
    loss, z = network.measured(state_table(network, network.depth - 1))
    return loss.features(z).T.contiguous()


def relative_features(network: Network) -> Float[Tensor, "k s"]:
    """The same minus those of a reference state: whoever sees differences only starts from these, which keep a small one's digits."""
    values = features(network)
    return values - values[:, centres(network)[-1][0].states[:1]]


def own(width: int, order: int) -> list[tuple[int, ...]]:
    """For every unit, the orders that exchange its weights alone."""
    return [tuple(order * (unit == other) for other in range(width)) for unit in range(width)]


def climb_down(network: Network, tables: list[Tensor], message: Float[Tensor, "v s"]) -> tuple[Tensor, list[Tensor]]:
    """(E[message | data] [b, v], E[message score | state below] of every layer), the latter from differences of the message."""
    found: list[Tensor] = []
    values = Values(message)
    for table, (among, group) in reversed(list(zip(tables, centres(network), strict=True))):
        count, width = len(message), table.shape[1]
        mean, moments, orders = table.new_empty(count, len(table)), table.new_empty(len(table), count, width), own(width, 1)
        for number, rows in members(among, group):
            columns = values.since(among.states[number:number + 1])[0].repeat_interleave(1 + width, 0)
            both = contraction(table[rows], columns, [(0,) * width, *orders] * count).view(-1, count, 1 + width)
            mean[:, rows], moments[rows] = both[..., 0].T, both[..., 1:]
        values = values.below(mean, among, group)
        found.insert(0, moments)
    return values.whole().T, found


def climb_down_squares(tables: list[Tensor], message: Float[Tensor, "v s"]) -> tuple[Tensor, list[Tensor]]:
    """(E[message | data] [b, v], E[message score^2 | state below] of every layer)."""
    found: list[Tensor] = []
    for table in reversed(tables):
        count, width = len(message), table.shape[1]
        orders = [(0,) * width, *own(width, 2)]
        moment = contraction(table, message.repeat_interleave(width + 1, 0), orders * count).view(-1, count, width + 1)
        found.insert(0, moment[..., 1:])
        message = moment[..., 0].T.contiguous()
    return message.T, found


@dataclass(frozen=True, eq=False)
class ScorePlan(Plan):
    """REINFORCE, averaged over `samples`, with a constant baseline or with the mean of the other samples."""

    constant: float = 0.0
    samples: int = 1
    leave_one_out: bool = False

    @property
    def averaged(self):
        return self.samples

    def cost(self):
        network, points = self.network, len(self.network.inputs)
        k = network.coefficients.shape[1] + 1
        columns = k + (k * (k + 1) // 2 if self.leave_one_out else min(points, k * (k + 1) // 2))
        rows = [points, *(2**width for width in network.widths)]
        operations = sum(2.0 * below * 2**n * (columns * (n + 1) + (points if layer else 0))
                         for layer, (below, n) in enumerate(zip(rows, network.widths, strict=False)))
        size = sum(8.0 * below * n * (6 + columns) for below, n in zip(rows, network.widths, strict=False))
        return operations, size + max(24.0 * columns * (n + 1) * 2**n for n in network.widths)

    def tables(self):
        network = self.network
        tables = [score_weights(network, a) for a in activations(network)]
        differing = F.pad(relative_features(network), (0, 0, 0, 1), value=0.0)
        values = F.pad(relative_features(network) if self.leave_one_out else features(network), (0, 0, 0, 1), value=1.0)
        coefficients = F.pad(network.coefficients, (0, 1), value=-self.constant)
        data, square = unit_basis(coefficients) if self.leave_one_out else basis(coefficients), 1.0
        mean, first = climb_down(network, tables, data.first(differing))
        second_moment, second = climb_down_squares(tables, data.second(values))
        if self.leave_one_out:
            mean = (data.linear * mean).sum(1)
            variance = (data.quadratic * second_moment).sum(1) - mean.square()
            square = (self.samples - 2) / (self.samples - 1)
            data = unit_basis(torch.cat((coefficients[:, :-1], -mean.unsqueeze(1)), 1), variance / (self.samples - 1))
        deltas = [Delta.raw(data, *both, square) for both in zip(first, second, strict=True)]
        return tables, [*deltas, *output_deltas(network)]
