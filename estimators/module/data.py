"""Data of a model: a tensor, or a tuple, list or dict of such, nested; the data points stand along the first axis of every tensor.

A model is called with a tensor as model(x), with a tuple or list as model(*x), with a dict as model(**x)."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn


def parts(data: Any, name: str = "x") -> Iterator[tuple[str, Any]]:
    """(name, value) of everything in the data that is no tuple, list or dict."""
    if isinstance(data, tuple | list):
        for index, value in enumerate(data):
            yield from parts(value, f"{name}[{index}]")
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from parts(value, f"{name}[{key!r}]")
    else:
        yield name, data


def each(data: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The same data with every tensor changed."""
    if isinstance(data, dict):
        return {key: each(value, change) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(each(value, change) for value in data))
    return type(data)(each(value, change) for value in data) if isinstance(data, tuple | list) else change(data)


def count(data: Any) -> int:
    """The number of data points."""
    return len(next(parts(data))[1])


def flat(data: Any) -> Tensor:
    """All numbers of a data point in a row, [b, i], float64."""
    return torch.cat([value.reshape(len(value), -1).double() for _, value in parts(data)], -1)


def called(model: nn.Module, x: Any) -> Any:
    """The model's output."""
    if isinstance(x, dict):
        return model(**x)
    return model(*x) if isinstance(x, tuple | list) else model(x)
