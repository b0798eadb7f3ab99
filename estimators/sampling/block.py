"""Slices of an axis that are worked on one after the other, so that temporaries stay in cache and memory stays flat."""

from torch import device

CACHE_BYTES = 1 << 20
DEVICE_BYTES = 1 << 28
"""On an accelerator few large kernels are faster than many small ones."""


def slices(count: int, size: int, where: device) -> list[slice]:
    """Slices of 0 .. count; the temporary of one index takes `size` bytes."""
    step = max(1, (CACHE_BYTES if where.type == "cpu" else DEVICE_BYTES) // max(1, size))
    return [slice(start, min(count, start + step)) for start in range(0, count, step)]
