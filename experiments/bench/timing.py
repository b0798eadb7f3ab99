"""Seconds of a call: the median of several repeats, with their spread, within a cap."""

import statistics
import time
from collections.abc import Callable

import torch

ENOUGH = 0.3
"""Seconds for which short calls are repeated: the first few of a millisecond are slower than all others."""


def seconds(call: Callable[[], object], device: str = "cpu", repeats: int = 5, cap: float = 5.0) -> dict:
    """{seconds, low, high, repeats}: median, least and greatest of `times`."""
    return summary(times(call, device, repeats, cap))


def times(call: Callable[[], object], device: str = "cpu", repeats: int = 5, cap: float = 5.0) -> list[float]:
    """Of `repeats` calls or more; one warms up and, where it takes half the cap, is all there is."""
    def once() -> float:
        start = time.perf_counter()
        call()
        if device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    first = once()
    found, spent = ([first], first) if first > cap / 2 else ([], first)
    while spent <= cap and first <= cap / 2 and (len(found) < repeats or spent < ENOUGH):
        found.append(once())
        spent += found[-1]
    return found


def summary(found: list[float]) -> dict:
    """{seconds, low, high, repeats}: median, least and greatest."""
    return {"seconds": statistics.median(found), "low": min(found), "high": max(found), "repeats": len(found)}
