"""All joint states of the hidden units for one data point, and what is averaged over them."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from witness.network import Plain


def bits(width: int, values: int = 2) -> np.ndarray:
    """[values^width, width]: all tuples of 0 .. values - 1."""
    return np.array(list(product(range(values), repeat=width)), dtype=int).reshape(values**width, width)


@dataclass(frozen=True, eq=False)
class Joint:
    """chance [s]; inputs of every affine layer [s, i]; bits and activations of the Bernoulli layers [s, o]; loss [s], slope [s, m]."""

    chance: np.ndarray
    inputs: list[np.ndarray]
    bits: list[np.ndarray]
    activations: list[np.ndarray]
    value: np.ndarray
    slope: np.ndarray


def below(net: Plain, point: int, layer: int) -> tuple[np.ndarray, list, list, list]:
    """(chance, inputs, bits, activations) of the joint states of the Bernoulli layers under `layer`; inputs has that layer's too."""
    chance, inputs, own, activations = np.ones(1), [net.X[point][None]], [], []
    for index in range(layer):
        a = inputs[-1] @ net.weights[index].T + net.biases[index]
        new = bits(a.shape[1])
        count, times = len(chance), len(new)

        def each(table, times=times):
            return np.repeat(table, times, 0)

        a, bit = each(a), np.tile(new, (count, 1))
        chance = each(chance) * net.law.chance(a, bit).prod(1)
        inputs, own, activations = ([each(table) for table in part] for part in (inputs, own, activations))
        inputs.append(net.encode(bit))
        own.append(bit)
        activations.append(a)
    return chance, inputs, own, activations


def joint(net: Plain, point: int) -> Joint:
    """Every joint state of a data point's hidden units."""
    chance, inputs, own, activations = below(net, point, net.depth)
    return Joint(chance, inputs, own, activations, *net.outcome(inputs[-1], point))


def rows(inputs: list[np.ndarray], deltas: list[np.ndarray]) -> np.ndarray:
    """[s, d]: d loss / d theta of one data point from every layer's input [s, i] and delta [s, o]."""
    parts = []
    for x, delta in zip(inputs, deltas, strict=True):
        parts += [(delta[:, :, None] * x[:, None, :]).reshape(len(delta), -1), delta]
    return np.concatenate(parts, 1)


def spread(chance: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of rows [s, d] that come up with these chances; impossible rows may hold anything."""
    live = chance > 0
    chance, table = chance[live], table[live]
    mean = chance @ table
    return mean, chance @ (table - mean) ** 2


def averaged(net: Plain, one) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of the average over the data points, which are independent, from one(point) of each."""
    means, variances = zip(*(one(point) for point in range(len(net.X))), strict=True)
    return sum(means) / len(means), sum(variances) / len(means) ** 2
