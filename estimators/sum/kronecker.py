"""Kronecker products of Bernoulli pairs: a row of the transfer matrix of a layer, [q_1 p_1] x [q_2 p_2] x .., by halves.

Shapes: s rows, n units; a table has 2^n columns, the first unit the most significant bit.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Tree(NamedTuple):
    """A Kronecker table [s, 2^n] and the trees of the first half of its units and of the rest, of which it is the product."""

    table: Tensor
    left: "Tree | None" = None
    right: "Tree | None" = None


def kronecker(pairs: Float[Tensor, "s n 2"]) -> Tree:
    """Products of the pairs (q_i, p_i) over the units, by halves: all but the last product are of small tables."""
    units = pairs.shape[1]
    if units < 2:
        return Tree(pairs[:, 0] if units else pairs.new_ones(len(pairs), 1))
    left, right = kronecker(pairs[:, : units // 2]), kronecker(pairs[:, units // 2:])
    return Tree((left.table.unsqueeze(2) * right.table.unsqueeze(1)).flatten(1), left, right)


def kronecker_backward(tree: Tree, gradient: Float[Tensor, "s _"]) -> list[Float[Tensor, "s 2"]]:
    """The derivatives by the pairs, unit after unit, from the derivative by the table."""
    table, left, right = tree
    if left is None or right is None:
        return [gradient] if table.shape[1] == 2 else []
    d_left, d_right = contract(gradient, left.table, right.table)
    return kronecker_backward(left, d_left) + kronecker_backward(right, d_right)


def contract(gradient: Float[Tensor, "s lr"], left: Float[Tensor, "s l"], right: Float[Tensor, "s r"]) -> tuple[Tensor, Tensor]:
    """The derivatives by both factors of a product of tables, from that by the product."""
    gradient = gradient.view(left.shape[0], left.shape[1], -1)
    return torch.bmm(gradient, right.unsqueeze(-1)).squeeze(-1), torch.bmm(left.unsqueeze(1), gradient).squeeze(1)


class Space:
    """Memory for the tables of one block, used again by all others: fresh memory costs more than what is written to it."""

    def __init__(self, like: Tensor):
        self.like = like.detach()
        self.memory: dict[str, Tensor] = {}

    def __call__(self, name: str, rows: int, columns: int) -> Tensor:
        """The table of this name, [rows, columns], with what was left in it."""
        if name not in self.memory or self.memory[name].numel() < rows * columns:
            self.memory[name] = self.like.new_empty(rows * columns)
        return self.memory[name][: rows * columns].view(rows, columns)


class Half:
    """The Kronecker table of one half of the units, for a batch of rows: its two factors are made at once, the table a block at a time."""

    def __init__(self, pairs: Float[Tensor, "s n 2"], space: Space, name: str):
        middle = pairs.shape[1] // 2
        self.left, self.right = kronecker(pairs[:, :middle]), kronecker(pairs[:, middle:])
        self.space, self.name = space, name

    def table(self, rows: slice) -> Float[Tensor, "b _"]:
        """These rows of the table."""
        left, right = self.left.table[rows], self.right.table[rows]
        out = self.space(self.name, left.shape[0], left.shape[1] * right.shape[1])
        torch.mul(left.unsqueeze(2), right.unsqueeze(1), out=out.view(left.shape[0], left.shape[1], -1))
        return out

    def contract(self, rows: slice, gradient: Float[Tensor, "b _"]) -> tuple[Tensor, Tensor]:
        """The derivatives by both factors from that by these rows of the table."""
        return contract(gradient, self.left.table[rows], self.right.table[rows])

    def backward(self, gradients: list[tuple[Tensor, Tensor]]) -> list[Float[Tensor, "s 2"]]:
        """The derivatives by the pairs from those by the factors, block after block."""
        d_left, d_right = (torch.cat(part) for part in zip(*gradients, strict=True))
        return kronecker_backward(self.left, d_left) + kronecker_backward(self.right, d_right)
