"""Layers from named arrays: w0, b0, w1, b1, .. by pattern, or the Linear layers of a torch state_dict in their order."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from straightedge.analysis.problem.problem import ProblemError

NAME = re.compile(r"([wb])(0|[1-9][0-9]{0,8})")
ORDER = re.compile(r"(\d+)")


@dataclass(frozen=True, eq=False)
class Layers:
    """Weights [o, i] and biases [o] from the data up, and what a reader should know of how they were found."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    said: list[str] = field(default_factory=list)


def named(path: Path, arrays: dict[str, np.ndarray]) -> Layers:
    """The layers w0, b0, w1, b1, ..; a missing bias is zero, and said; a gap or a bias without weights is refused."""
    found: dict[str, dict[int, np.ndarray]] = {"w": {}, "b": {}}
    for key, array in arrays.items():
        match = NAME.fullmatch(key)
        if match:
            found[match[1]][int(match[2])] = array
    weights, biases = found["w"], found["b"]
    depth = max([*weights, *biases], default=-1) + 1
    missing = [f"w{layer}" for layer in range(min(max(depth, 2), len(weights) + 2)) if layer not in weights]
    if missing:
        raise ProblemError(f"{path}: expected arrays w0, b0, w1, b1, .. up to the output layer, above one Bernoulli layer or more, "
                           f"with X and Y; missing {', '.join(missing)}")
    return ordered(path, [weights[layer] for layer in range(depth)], {layer: biases.get(layer) for layer in range(depth)},
                   [f"w{layer}" for layer in range(depth)])


def linear(path: Path, state: dict[str, np.ndarray]) -> Layers:
    """The layers of a state_dict whose entries are NAME.weight and NAME.bias of Linear layers, in the order of NAME's numbers."""
    odd = [key for key in state if not key.endswith((".weight", ".bias"))]
    names = sorted({key.rsplit(".", 1)[0] for key in state}, key=numbered)
    flat = [name for name in names if state.get(f"{name}.weight", np.empty((0, 0))).ndim != 2]
    if odd or flat or len(names) < 2 or any(f"{name}.weight" not in state for name in names):
        what = ", ".join(odd or flat or names) or "nothing"
        raise ProblemError(f"{path}: expected a state_dict of two Linear layers or more, NAME.weight [out, in] and NAME.bias; "
                           f"got {what}; make any other network with straightedge.network(weights, biases, x, y) and save it")
    biases = {index: state.get(f"{name}.bias") for index, name in enumerate(names)}
    return ordered(path, [state[f"{name}.weight"] for name in names], biases, [f"{name}.weight" for name in names])


def numbered(name: str) -> list[str]:
    """What a name is sorted by: its numbers as numbers, whatever their length."""
    return [part.lstrip("0").zfill(40) if place % 2 else part for place, part in enumerate(ORDER.split(name))]


def ordered(path: Path, weights: list[np.ndarray], biases: dict[int, np.ndarray | None], names: list[str]) -> Layers:
    """The layers, with zeros for biases that are not there."""
    for name, weight in zip(names, weights, strict=True):
        if weight.ndim != 2 or weight.dtype.kind not in "fiu" or not len(weight):
            raise ProblemError(f"{path}: {name} has shape {weight.shape}; expected numbers [units above, units below]")
    absent = [layer for layer, bias in biases.items() if bias is None]
    said = [f"no bias for {', '.join(names[layer] for layer in absent)}, taken to be zero"] if absent else []
    filled = [np.zeros(len(weight)) if bias is None else bias.reshape(-1) for weight, bias in zip(weights, biases.values(), strict=True)]
    return Layers(weights, filled, said)
