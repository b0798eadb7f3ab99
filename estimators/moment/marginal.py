"""From the moments of an estimate given one layer's state to the mean and variance of every parameter's estimate.

Data points are independent given theta, so a row's mean is the average over the data and its variance sum_b Var_b / B^2.  For one
data point the estimate for weight (i, j) is delta_i x_j, with x the layer's input state, whose distribution climbs layer by layer:

    E = sum_x alpha_b(x) E[delta_i | x] x_j        E^2-term = sum_x alpha_b(x) E[delta_i^2 | x] x_j^2

Shapes: b data points, s states below a layer, o and i units above and below it, r and q the basis' vectors and pairs.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.moment.basis import Basis
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
    """E[delta | x] and E[delta^2 | x] of one affine layer, in the coordinates of a basis; below the first layer x is the data."""

    basis: Basis
    first: Float[Tensor, "s r o"]
    second: Float[Tensor, "s q o"]
    square: float = 1.0
    """Var = second moment - square * mean^2, for one of the independent samples averaged in an estimate."""


def weighted(mass: Float[Tensor, "b s"], coordinates: Float[Tensor, "b r"], table: Float[Tensor, "s r o"],
             x: Float[Tensor, "s i"]) -> Float[Tensor, "b o i"]:
    """sum over states and basis vectors of mass * coordinate * table_o * x_i, data point by data point."""
    out = mass.new_zeros(len(mass), table.shape[2], x.shape[1])
    step = max(1, CHUNK_BYTES // (8 * table.shape[2] * x.shape[1]))
    for vector in range(coordinates.shape[1]):
        members = coordinates[:, vector].nonzero()[:, 0]
        part = mass[members] * coordinates[members, vector, None]
        for start in range(0, len(x), step):
            product = table[start:start + step, vector].unsqueeze(-1) * x[start:start + step].unsqueeze(1)
            out[members] += (part[:, start:start + step] @ product.flatten(1)).view(-1, *out.shape[1:])
    return out


def row_moments(network: Network, tables: list[Tensor], deltas: list[Delta], samples: int = 1) -> Moments:
    """The moments of a row that averages `samples`, from every Bernoulli layer's weights and every affine layer's deltas."""
    points = len(network.inputs)
    first = [network.theta.new_zeros(above, below + 1) for above, below in network.shapes]
    spread = [torch.zeros_like(part) for part in first]
    inputs = [network.inputs, *(state_table(network, layer) for layer in range(len(deltas) - 1))]
    inputs = [F.pad(x, (0, 1), value=1.0) for x in inputs]
    widest = max(max(len(x) for x in inputs[1:]) if inputs[1:] else 1, max(part.numel() for part in first[1:]) if first[1:] else 1)
    step = max(1, CHUNK_BYTES // (8 * widest))
    for start in range(0, points, step):
        chunk = slice(start, start + step)
        mass = None
        for layer, (delta, x) in enumerate(zip(deltas, inputs, strict=True)):
            linear, quadratic = delta.basis.linear[chunk], delta.basis.quadratic[chunk]
            if mass is None:
                mean = torch.einsum("br,bro->bo", linear, delta.first[chunk])
                second = torch.einsum("bq,bqo->bo", quadratic, delta.second[chunk])
                first[layer] += mean.T @ x[chunk]
                spread[layer] += (second - delta.square * mean.square()).T @ x[chunk].square()
            else:
                mean = weighted(mass, linear, delta.first, x)
                first[layer] += mean.sum(0)
                spread[layer] += (weighted(mass, quadratic, delta.second, x.square()) - delta.square * mean.square()).sum(0)
            if layer + 1 < len(deltas):
                below = tables[layer][chunk] if mass is None else tables[layer]
                mass = kronecker(below, (0,) * below.shape[1]) if mass is None else push(below, mass)
    mean, variance = (torch.cat([part.reshape(-1) for total in parts for part in (total[:, :-1], total[:, -1])])
                      for parts in (first, spread))
    return Moments(mean / points, variance.clamp_min(0) / (points**2 * samples))
