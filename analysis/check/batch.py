"""Foreign estimates in calls of many sizes, and the loss as they see it.

Shapes: c calls, n rows, u units (bits).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import critical
from straightedge.analysis.check.enumeration import Loss
from straightedge.analysis.check.independence import autocorrelation, shared
from straightedge.analysis.check.law import contrast

BATCHES = {1: 160, 2: 128, 3: 64, 8: 32, 61: 5}
"""Rows of a call -> calls of that size."""


class Shown:
    """A loss for one call of an estimate: whatever it returns becomes a tensor of real floating numbers, and is remembered."""

    def __init__(self, loss: Loss, like: Tensor):
        self.loss, self.like = loss, like
        self.seen: list[tuple[Tensor, Tensor]] = []

    def __call__(self, x):
        value = torch.as_tensor(self.loss(x), device=self.like.device)
        value = value if value.dtype.is_floating_point else value.to(self.like.dtype)
        self.seen.append((x, value))
        return value

    @property
    def blame(self) -> str:
        """What made an estimate NaN: the loss or the estimate itself."""
        for x, value in self.seen:
            lost = (~torch.isfinite(value.detach())).nonzero()
            if len(lost):
                where = tuple(lost[0].tolist())
                return f"the loss made it: it is {float(value.detach()[where])} at {x.detach()[where].tolist()}"
        return "every loss that it asked for was finite, so the estimate made it"


def batches(draw: Callable[[int], Float[Tensor, "n u"]], rows: int) -> list[Tensor]:
    """The rows [c, n, u] of consecutive calls of every small size; no more calls than `rows` allows."""
    return [torch.stack([draw(n).double() for _ in range(max(2, min(calls, rows // n)))]) for n, calls in BATCHES.items()]


def dependence(small: list[Tensor], chunk: Float[Tensor, "n u"], false_alarm: float) -> str:
    """How rows of a call depend on each other, or on how many they are; nothing where independent rows show as much."""
    chunk, limit = chunk.double(), critical(400, false_alarm)
    if not bool((chunk != chunk[:1]).any()):
        return ""
    for calls in small:
        n = calls.shape[1]
        if n > 1 and (z := shared(calls, limit)) > limit:
            return f"the {n} rows of a call depend on each other, |z| = {z:.1f}"
        if (z := contrast(calls.flatten(0, 1), chunk)) > limit:
            return f"rows of calls of {n} follow another law than those of a call of {len(chunk)}, |z| = {z:.1f}"
    distance, z = autocorrelation(chunk)
    most = critical(6 * len(chunk), false_alarm)
    return f"rows of a call are correlated, {distance}, |z| = {z:.1f}" if z > most else ""
