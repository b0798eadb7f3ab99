"""Counts forward and backward passes of a network, in whole-data passes per estimate.

One forward pass sends every data point through all affine layers and the loss; one backward pass brings the derivative from the
loss to the first layer's units.  A rollout of some layers counts as the fraction of the multiply-adds that it needs.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from math import prod


@dataclass
class Meter:
    """Multiply-adds done since `reset`."""

    forwards: float = 0.0
    backwards: float = 0.0
    scale: int = 1

    def reset(self) -> None:
        """Starts counting from zero."""
        self.forwards = self.backwards = 0.0

    def forward(self, points: tuple[int, ...], size: int) -> None:
        """Counts an affine layer (or a loss) of `size` multiply-adds at these points."""
        self.forwards += self.scale * prod(points) * size

    def backward(self, points: tuple[int, ...], size: int) -> None:
        """Counts the backward pass through the same."""
        self.backwards += self.scale * prod(points) * size

    @contextmanager
    def times(self, rows: int):
        """Counts what happens inside `rows` times: vmap hides the rows it maps over."""
        self.scale *= rows
        try:
            yield
        finally:
            self.scale //= rows

    @contextmanager
    def paused(self):
        """Counts nothing of what happens inside."""
        counted = self.forwards, self.backwards
        try:
            yield
        finally:
            self.forwards, self.backwards = counted

    def passes(self, network, rows: int) -> tuple[float, float]:
        """(forward, backward) passes per row so far."""
        forward = sum(o * (i + 1) for o, i in network.shapes) + (network.outputs or network.widths[-1])
        backward = sum(o * i for o, i in network.shapes[1:]) + (0 if network.outputs else network.widths[-1])
        points = rows * len(network.inputs)
        return self.forwards / (points * forward), self.backwards / (points * backward)


METER = Meter()
