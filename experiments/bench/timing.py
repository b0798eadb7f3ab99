"""Seconds of a call: the median of several repeats, with their spread, within a cap."""

import statistics
import time
from collections.abc import Callable

import torch

ENOUGH = 0.3
"""Seconds for which short calls are repeated: the first few of a millisecond are slower than all others."""


def seconds(call: Callable[[], object], device: str = "cpu", repeats: int = 5, cap: float = 5.0) -> dict:
    """{seconds, low, high, repeats}: median, least and greatest of `repeats` or more; one call warms up and, where it takes half the cap,
    is all there is."""
    def once() -> float:
        start = time.perf_counter()
        call()
        if device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    first = once()
    times, spent = ([first], first) if first > cap / 2 else ([], first)
    while spent <= cap and first <= cap / 2 and (len(times) < repeats or spent < ENOUGH):
        times.append(once())
        spent += times[-1]
    return {"seconds": statistics.median(times), "low": min(times), "high": max(times), "repeats": len(times)}
