"""Sums over the states of one layer, weighted by a product over its units: the transfer, with any unit's weights exchanged.

Each unit i offers weights w[o, x_i] of several orders o for its d states: order 0 is P(x_i), the others what an estimator's moments
need, E[c 1{x_i}] and E[c^2 1{x_i}].  A column V_k names an order for every unit, and its contraction is

    sum over x of  V_k(x) prod_i w_i[order_ki, x_i]

in two halves A and B of the units, one matrix product for all columns that share the orders in A.

Shapes: s states (or data points) below, n units, d states of a unit, o orders, k columns; a state's index has its first unit as the
most significant digit.
"""

from collections import defaultdict
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.sum.transfer import BLOCK_BYTES

Orders = Sequence[tuple[int, ...]]


def kronecker(weights: Float[Tensor, "s n o d"], orders: tuple[int, ...]) -> Float[Tensor, "s states"]:
    """Products of the units' weights of these orders, for all d^n states."""
    table = weights.new_ones(len(weights), 1)
    for unit, order in reversed(list(enumerate(orders))):
        table = (weights[:, unit, order].unsqueeze(-1) * table.unsqueeze(1)).flatten(1)
    return table


def halves(columns: Float[Tensor, "k states"], low: int) -> Float[Tensor, "A kB"]:
    """The columns as the matrix that one product takes; `low` is the number of states of the half B."""
    return columns.view(len(columns), -1, low).transpose(0, 1).reshape(columns.shape[1] // low, -1)


def blocks(rows: int, *sizes: int):
    """(start, stop) of blocks of rows whose tables of these sizes take BLOCK_BYTES together."""
    step = max(1, BLOCK_BYTES // (8 * sum(sizes)))
    for start in range(0, rows, step):
        yield start, min(rows, start + step)


def contraction(weights: Float[Tensor, "s n o d"], columns: Float[Tensor, "k states"], orders: Orders) -> Float[Tensor, "s k"]:
    """Every column summed over the states, column k with the weights of orders[k]."""
    width, first = weights.shape[1], weights.shape[1] - weights.shape[1] // 2
    low = weights.shape[3] ** (width - first)
    groups = defaultdict(list)
    for column, order in enumerate(orders):
        groups[order[:first]].append(column)
    tails = {tail: index for index, tail in enumerate(dict.fromkeys(order[first:] for order in orders))}
    tail = torch.tensor([tails[order[first:]] for order in orders], device=columns.device)
    parts = [(head, members := torch.tensor(group, device=columns.device), halves(columns[members], low), tail[members])
             for head, group in groups.items()]
    out = columns.new_empty(len(weights), len(columns))
    largest = max(map(len, groups.values()))
    for start, stop in blocks(len(weights), columns.shape[1] // low, (2 * largest + len(tails)) * low):
        block = weights[start:stop]
        tables = torch.stack([kronecker(block[:, first:], order) for order in tails], 1)
        for head, members, matrix, which in parts:
            product = (kronecker(block[:, :first], head) @ matrix).view(stop - start, -1, low)
            out[start:stop, members] = product.mul_(tables[:, which]).sum(-1)
    return out


def push(weights: Float[Tensor, "s n o d"], mass: Float[Tensor, "b s"]) -> Float[Tensor, "b states"]:
    """The distributions of this layer's states, from those of the states below; order 0 holds the probabilities."""
    width, first = weights.shape[1], weights.shape[1] - weights.shape[1] // 2
    high, low = weights.shape[3] ** first, weights.shape[3] ** (width - first)
    out = mass.new_zeros(high, len(mass) * low)
    for start, stop in blocks(len(weights), high, 2 * len(mass) * low):
        block = weights[start:stop]
        tail = kronecker(block[:, first:], (0,) * (width - first))
        spread = (mass[:, start:stop].T.unsqueeze(-1) * tail.unsqueeze(1)).flatten(1)
        out.addmm_(kronecker(block[:, :first], (0,) * first).T, spread)
    return out.view(high, len(mass), low).transpose(0, 1).reshape(len(mass), -1)
