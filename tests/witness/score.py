"""REINFORCE: the loss, less a baseline, times d log P / d a."""

import numpy as np

from witness.enumeration import averaged, joint, rows, spread
from witness.gradient import score
from witness.network import Plain


def moments(net: Plain, constant: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row of one sample with a constant baseline."""
    def one(point):
        all_ = joint(net, point)
        deltas = [(all_.value - constant)[:, None] * score(net, a, bit) for a, bit in zip(all_.activations, all_.bits, strict=True)]
        return spread(all_.chance, rows(all_.inputs, [*deltas, all_.slope]))

    return averaged(net, one)


def pairs_of_samples(net: Plain) -> tuple[np.ndarray, np.ndarray]:
    """The same for two samples, each with the other's loss as baseline: all pairs of joint states.

    The average of (f - f') s and (f' - f) s' is (f - f') (s - s') / 2, s the score's row."""
    def one(point):
        all_ = joint(net, point)
        zero = np.zeros_like(all_.slope)
        scores = rows(all_.inputs, [*(score(net, a, bit) for a, bit in zip(all_.activations, all_.bits, strict=True)), zero])
        slopes = rows(all_.inputs, [*(np.zeros_like(a) for a in all_.activations), all_.slope])
        count = len(all_.chance)
        i, j = np.repeat(np.arange(count), count), np.tile(np.arange(count), count)
        gap = (all_.value[i] - all_.value[j])[:, None]
        table = gap * (scores[i] - scores[j]) / 2 + (slopes[i] + slopes[j]) / 2
        return spread(all_.chance[i] * all_.chance[j], table)

    return averaged(net, one)
