"""Counts forward and backward passes of a network, in whole-data passes per estimate.

One forward pass sends every data point through all affine layers and the loss; one backward pass brings the derivative from the
loss to the first layer's units.  A rollout of some layers counts as the fraction of the multiply-adds that it needs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import NamedTuple


class Cost(NamedTuple):
    """Whole-data passes per estimate."""

    forwards: float
    backwards: float


@dataclass(eq=False)
class Passes:
    """Multiply-adds done by one network since it was metered."""

    forwards: float = 0.0
    backwards: float = 0.0
    scale: int = 1

    def forward(self, points: Sequence[int], size: int) -> None:
        """Counts an affine layer (or a loss) of `size` multiply-adds at these points."""
        self.forwards += self.scale * prod(points) * size

    def backward(self, points: Sequence[int], size: int) -> None:
        """Counts the backward pass through the same."""
        self.backwards += self.scale * prod(points) * size

    @contextmanager
    def times(self, rows: int) -> Iterator[None]:
        """Counts what happens inside `rows` times: vmap hides the rows it maps over."""
        self.scale *= rows
        try:
            yield
        finally:
            self.scale //= rows
