"""The exact gradient of the expected mean loss: E[f d log P(x) / d theta + d f / d theta], summed over all joint states."""

import numpy as np

from witness.enumeration import joint, rows
from witness.network import Plain


def score(net: Plain, a: np.ndarray, bit: np.ndarray) -> np.ndarray:
    """d log P(x | a) / d a; 0 where that state is impossible."""
    chance = net.law.chance(a, bit)
    return np.where(chance > 0, np.where(bit == 1, 1.0, -1.0) * net.law.density(a) / np.where(chance > 0, chance, 1.0), 0.0)


def gradient(net: Plain) -> np.ndarray:
    """[d]."""
    total = 0.0
    for point in range(len(net.X)):
        all_ = joint(net, point)
        deltas = [all_.value[:, None] * score(net, a, bit) for a, bit in zip(all_.activations, all_.bits, strict=True)]
        total = total + all_.chance @ rows(all_.inputs, [*deltas, all_.slope])
    return total / len(net.X)


def expected(net: Plain) -> float:
    """The expected mean loss."""
    return float(np.mean([(lambda all_: all_.chance @ all_.value)(joint(net, point)) for point in range(len(net.X))]))
