"""Blocks of consecutive rows, whose means say how the errors of the coordinates hang together, without a covariance matrix.

The length of a block is the least power of two that leaves at most MOST of them, so that it depends on the number of rows only, not
on the chunks in which they came.  Shapes: n rows, j blocks, s statistics."""

import torch
from jaxtyping import Float
from torch import Tensor

MOST = 32


class Blocks:
    """The means of equally long blocks of rows."""

    def __init__(self, width: int, like: Tensor):
        self.size, self.n = 1, 0
        self.means: Float[Tensor, "j s"] = like.new_zeros(0, width)
        self.partial, self.count = like.new_zeros(width), 0

    def add(self, rows: Float[Tensor, "n s"]) -> None:
        """Takes in more rows, in order."""
        self.n += len(rows)
        while self.n > MOST * self.size:
            self.double()
        if self.count:
            head = rows[: self.size - self.count]
            self.partial, self.count, rows = self.partial + head.sum(0), self.count + len(head), rows[len(head):]
            if self.count < self.size:
                return
            self.means = torch.cat((self.means, self.partial[None] / self.size))
            self.partial, self.count = torch.zeros_like(self.partial), 0
        whole = len(rows) // self.size * self.size
        if whole:
            self.means = torch.cat((self.means, rows[:whole].reshape(-1, self.size, rows.shape[1]).mean(1)))
        self.partial, self.count = rows[whole:].sum(0), len(rows) - whole

    def double(self) -> None:
        """Makes one block of every two."""
        if len(self.means) % 2:
            self.partial, self.count = self.partial + self.means[-1] * self.size, self.count + self.size
            self.means = self.means[:-1]
        self.means = self.means.reshape(-1, 2, self.means.shape[1]).mean(1)
        self.size *= 2


def fewer(means: Float[Tensor, "j s"], most: int) -> Float[Tensor, "i s"]:
    """Means of neighbours until there are at most so many; each still has an equal share of the rows."""
    while len(means) > most:
        means = means[: len(means) // 2 * 2].reshape(-1, 2, means.shape[1]).mean(1)
    return means
