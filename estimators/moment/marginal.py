"""From the moments of an estimate given one layer's state to the mean and variance of every parameter's estimate.

Data points are independent given theta, so a row's mean is the average over the data and its variance sum_b Var_b / B^2.  For one
data point the estimate for weight (i, j) is delta_i x_j, with x the layer's input state, whose distribution climbs layer by layer:

    E = sum_x alpha_b(x) m_i(x) x_j       Var = sum_x alpha_b(x) Var(delta_i | x) x_j^2 + Var of m_i(x) x_j,  m_i(x) = E[delta_i | x]

Where units are nearly certain, the last is as small as the chance of another state than the likeliest, and is found from differences
from its value there.

Shapes: b data points, s states below a layer, o and i units above and below it, r and q the basis' vectors and pairs, g references.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.moment.basis import Basis
from straightedge.estimators.moment.centre import centres, numbers
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.contraction import kronecker, push
from straightedge.estimators.sum.state import state_table

CHUNK_BYTES = 64 << 20
"""Size of the largest tensor, in one chunk of data points or of states."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and variance of an estimator's row, parameter by parameter."""

    mean: Float[Tensor, " d"]
    variance: Float[Tensor, " d"]

    def trace(self, group: slice = slice(None)) -> float:
        """The trace of the covariance of these parameters' estimates."""
        return self.variance[group].sum().item()


@dataclass(frozen=True, eq=False)
class Delta:
    """E[delta | x] and Var(delta | x) of one affine layer, in the coordinates of a basis; below the first layer x is the data."""

    basis: Basis
    first: Float[Tensor, "s r o"]
    spread: Float[Tensor, "s q o"]
    """Second moment - square * first^2."""
    square: float = 1.0
    """Var = second moment - square * mean^2, for one of the independent samples averaged in an estimate."""
    apart: Float[Tensor, "g s r o"] | None = None
    """The differences of `first` from its values at the references of the layer below, where subtracting would lose digits."""

    @classmethod
    def raw(cls, basis: Basis, first: Float[Tensor, "s r o"], second: Float[Tensor, "s q o"], square: float = 1.0) -> "Delta":
        """From the second moment, where it is no nearly equal to the square of the first."""
        p, t = basis.pairs.T
        return cls(basis, first, second - square * first[:, p] * first[:, t], square)

    def since(self, number: int, reference: int) -> Float[Tensor, "s r o"]:
        """`first` less its value at this reference."""
        return self.first - self.first[reference] if self.apart is None else self.apart[number]


@dataclass(frozen=True, eq=False)
class Centred:
    """The products of one affine layer's deltas and inputs, m_o(x) x_i, from what they are at a reference r."""

    delta: Delta
    since: Float[Tensor, "s r o"]
    """m(x) - m(r)."""
    x: Float[Tensor, "s i"]
    r: Float[Tensor, " i"]

    def product(self, vector: int, part: slice) -> Float[Tensor, "t o i"]:
        """m_o(x) x_i - m_o(r) r_i for these states."""
        first, since = (table[part, vector].unsqueeze(-1) for table in (self.delta.first, self.since))
        return first * (self.x[part] - self.r).unsqueeze(1) + since * self.r

    def square(self, pair: int, part: slice) -> Float[Tensor, "t o i"]:
        """Var(delta_o | x) x_i^2 + square * the product of those of a pair."""
        one, other = self.delta.basis.pairs[pair].tolist()
        first = self.product(one, part)
        both = first.square() if one == other else first * self.product(other, part)
        return self.delta.spread[part, pair].unsqueeze(-1) * self.x[part].square().unsqueeze(1) + self.delta.square * both

    def weighted(self, mass: Float[Tensor, "b s"], coordinates: Float[Tensor, "b r"],
                 table: Callable[[int, slice], Tensor]) -> Float[Tensor, "b o i"]:
        """sum over states and vectors (or pairs) of mass * coordinate * table, data point by data point."""
        out = mass.new_zeros(len(mass), self.since.shape[2], self.x.shape[1])
        step = max(1, CHUNK_BYTES // (8 * out[0].numel()))
        for vector in range(coordinates.shape[1]):
            members = coordinates[:, vector].nonzero()[:, 0]
            part = mass[members] * coordinates[members, vector, None]
            for start in range(0, len(self.x) if len(members) else 0, step):
                states = slice(start, start + step)
                out[members] += (part[:, states] @ table(vector, states).flatten(1)).view(-1, *out.shape[1:])
        return out


def upper_moments(delta: Delta, points: slice, mass: Float[Tensor, "b s"], x: Float[Tensor, "s i"], states: Int[Tensor, " g"],
                  number: Int[Tensor, " b"]) -> tuple[Float[Tensor, "o i"], Float[Tensor, "o i"]]:
    """The sums over these data points of the means and variances of one sample, for a layer above the first.

    `states` are the references, `number` which of them each point has."""
    first = spread = x.new_zeros(delta.first.shape[2], x.shape[1])
    linear, quadratic = delta.basis.linear[points], delta.basis.quadratic[points]
    for which in number.unique().tolist():
        own, r = (number == which).nonzero()[:, 0], int(states[which])
        table = Centred(delta, delta.since(which, r), x, x[r])
        mean = table.weighted(mass[own], linear[own], table.product)
        square = table.weighted(mass[own], quadratic[own], table.square)
        first = first + mean.sum(0) + (linear[own].sum(0) @ delta.first[r]).unsqueeze(-1) * x[r]
        spread = spread + (square - delta.square * mean.square()).sum(0)
    return first, spread


def row_moments(network: Network, tables: list[Tensor], deltas: list[Delta], samples: int = 1) -> Moments:
    """The moments of a row that averages `samples`, from every Bernoulli layer's weights and every affine layer's deltas."""
    points = len(network.inputs)
    first = [network.theta.new_zeros(above, below + 1) for above, below in network.shapes]
    spread = [torch.zeros_like(part) for part in first]
    inputs = [network.inputs, *(state_table(network, layer) for layer in range(len(deltas) - 1))]
    inputs = [F.pad(x, (0, 1), value=1.0) for x in inputs]
    widest = max(max(len(x) for x in inputs[1:]) if inputs[1:] else 1, max(part.numel() for part in first[1:]) if first[1:] else 1)
    step = max(1, CHUNK_BYTES // (8 * widest))
    middles = centres(network)
    number = numbers(middles, points)
    for start in range(0, points, step):
        chunk = slice(start, start + step)
        mass = None
        for layer, (delta, x) in enumerate(zip(deltas, inputs, strict=True)):
            if mass is None:
                linear, quadratic = delta.basis.linear[chunk], delta.basis.quadratic[chunk]
                first[layer] += torch.einsum("br,bro->bo", linear, delta.first[chunk]).T @ x[chunk]
                spread[layer] += torch.einsum("bq,bqo->bo", quadratic, delta.spread[chunk]).T @ x[chunk].square()
            else:
                sums = upper_moments(delta, chunk, mass, x, middles[layer - 1][0].states, number[layer - 1][chunk])
                first[layer] += sums[0]
                spread[layer] += sums[1]
            if layer + 1 < len(deltas):
                below = tables[layer][chunk] if mass is None else tables[layer]
                mass = kronecker(below, (0,) * below.shape[1]) if mass is None else push(below, mass)
    mean, variance = (torch.cat([part.reshape(-1) for total in parts for part in (total[:, :-1], total[:, -1])])
                      for parts in (first, spread))
    return Moments(mean / points, variance.clamp_min(0) / (points**2 * samples))
