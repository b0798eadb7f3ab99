"""What messages from the loss downwards start from, and symmetric tensors of one power, stored by their index tuples i <= j."""

from itertools import combinations_with_replacement

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.moment.basis import Basis, basis
from straightedge.estimators.moment.marginal import Delta
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.state import state_table

Tuples = list[tuple[int, ...]]


def slopes(network: Network) -> tuple[Basis, Float[Tensor, "k s m"]]:
    """The derivatives by z of the loss features that have any, and the basis of the data's coefficients of these."""
    with torch.enable_grad():
        loss, z = network.measured(state_table(network, network.depth - 1))
        z = z.detach().requires_grad_()
        features = loss.features(z)
        if features.requires_grad:
            slope = torch.stack([torch.autograd.grad(feature.sum(), z, retain_graph=True)[0] for feature in features.unbind(-1)])
        else:
            slope = z.new_zeros(features.shape[-1], *z.shape)
    kept = (slope != 0).flatten(1).any(1)
    kept[0] |= not bool(kept.any())
    return basis(network.coefficients[:, kept]), slope[kept]


def output_deltas(network: Network) -> list[Delta]:
    """The delta of the output layer, where there is one: it is known from the last state."""
    if not network.outputs:
        return []
    data, slope = slopes(network)
    first = data.first(slope).transpose(0, 1)
    return [Delta(data, first, first.new_zeros(len(first), len(data.pairs), first.shape[2]))]


def tuples(width: int, power: int, own: bool) -> Tuples:
    """Index tuples of a symmetric tensor; only its diagonal, what a parameter's own moment needs, where `own`."""
    return [(unit,) * power for unit in range(width)] if own else list(combinations_with_replacement(range(width), power))


def lift(weight: Float[Tensor, "o i"], above: Tuples, below: Tuples) -> Float[Tensor, "p q"]:
    """The matrix that takes the entries of C (one column per tuple above) to those of W' C, or of W' C W."""
    rows, columns = (torch.tensor(part, device=weight.device).T for part in (above, below))
    if len(rows) == 1:
        return weight[rows[0]][:, columns[0]]
    (i, j), (p, q) = rows, columns
    twice = torch.ne(i, j).to(weight).unsqueeze(1)
    return weight[i][:, p] * weight[j][:, q] + twice * weight[j][:, p] * weight[i][:, q]
