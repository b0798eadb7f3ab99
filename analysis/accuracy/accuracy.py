"""The rows of one seed, taken into running sums against a truth; memory does not grow with the rows.

Sums are of a row's coordinates and of its projections on the gradient of every group; blocks of its coordinates and of its squared
lengths by group.  Shapes: n rows, d parameters, s = d + groups."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.accuracy.block import Blocks
from straightedge.analysis.accuracy.sums import Sums
from straightedge.analysis.accuracy.truth import Truth


@dataclass(eq=False)
class Accuracy:
    """Running sums of rows against `truth`; `draws` are the numbers M of rows averaged for cosines."""

    truth: Truth
    draws: tuple[int, ...] = (1,)
    sums: Sums = field(init=False)
    blocks: Blocks = field(init=False)
    descents: dict[str, Tensor] = field(init=False)
    """Rows with <row, aim> > 0, for every aim."""
    cosines: "dict[int, Cosines]" = field(init=False)

    def __post_init__(self):
        like = self.truth.directions.new_zeros(sum(self.truth.directions.shape))
        self.sums, self.blocks = Sums.none(like), Blocks(len(like), like)
        self.descents = dict.fromkeys(self.truth.groups, torch.zeros_like(self.truth.aims[0], dtype=torch.int64))
        self.cosines = {draws: Cosines(draws, self.truth) for draws in self.draws}

    @property
    def n(self) -> int:
        return self.sums.n

    def add(self, rows: Float[Tensor, "n d"]) -> None:
        """Takes in more rows."""
        rows = rows.detach().double()
        along = torch.stack([rows[:, where] @ self.truth.directions[where, index]  # a NaN elsewhere is no matter of this group's
                             for index, where in enumerate(self.truth.groups.values())] or [rows[:, :0].sum(1)], 1)
        along = along[:, :len(self.truth.groups)]
        self.sums = self.sums + Sums.of(torch.cat((rows, along), 1))
        squares = [rows[:, where].square().sum(1) for where in self.truth.groups.values()]
        self.blocks.add(torch.cat((rows, *(square[:, None] for square in squares)), 1))
        for name, where in self.truth.groups.items():
            self.descents[name] = self.descents[name] + (rows[:, where] @ self.truth.aims[where] > 0).sum(0)
        for cosines in self.cosines.values():
            cosines.add(rows)


class Cosines:
    """Cosines between the gradient and means of `draws` consecutive rows, for each group; a mean that is zero has cosine 0."""

    def __init__(self, draws: int, truth: Truth):
        self.draws, self.truth = draws, truth
        self.partial, self.filled, self.count = torch.zeros_like(truth.exact), 0, 0
        self.directions = {name: torch.zeros_like(truth.exact[where]) for name, where in truth.groups.items()}
        """Sums of the means' unit vectors."""
        self.cosines = {name: Sums.none(truth.exact[:1]) for name in truth.groups}

    def add(self, rows: Tensor) -> None:
        if self.filled:
            head = rows[: self.draws - self.filled]
            self.partial = self.partial + head.sum(0)
            self.filled += len(head)
            rows = rows[len(head):]
            if self.filled == self.draws:
                self._take(self.partial[None] / self.draws)
                self.partial, self.filled = torch.zeros_like(self.partial), 0
        whole = len(rows) // self.draws * self.draws
        if whole:
            self._take(rows[:whole].reshape(-1, self.draws, rows.shape[1]).mean(1))
        if whole < len(rows):
            self.partial = self.partial + rows[whole:].sum(0)
            self.filled = len(rows) - whole

    def _take(self, means: Tensor) -> None:
        self.count += len(means)
        for index, (name, where) in enumerate(self.truth.groups.items()):
            part = means[:, where]
            length = part.norm(dim=1, keepdim=True)
            units = torch.where(length == 0, 0.0, part / length)  # NaN stays NaN
            self.directions[name] = self.directions[name] + units.sum(0)
            self.cosines[name] = self.cosines[name] + Sums.of((units @ self.truth.directions[where, index])[:, None])
