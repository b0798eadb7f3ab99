"""Does one number order things as another does?  Spearman's rank correlation, averaged over settings, with its bootstrap interval.

Shapes: k settings, s replicates, e things that are ordered.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata

REPEATS = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its interval."""

    value: float
    low: float
    high: float


def spearman(x: Float[np.ndarray, " e"], y: Float[np.ndarray, " e"]) -> float:
    """Pearson's correlation of ranks, equal numbers sharing one; nan where one side is constant."""
    a, b = (rankdata(side) - (len(side) + 1) / 2 for side in (x, y))
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else float("nan")


def averaged(x: Float[np.ndarray, "k s e"], y: Float[np.ndarray, "k s e"]) -> float:
    """The mean over settings of the correlation of the replicates' means."""
    return float(np.nanmean([spearman(a, b) for a, b in zip(x.mean(1), y.mean(1), strict=True)]))


def correlation(x: Float[np.ndarray, "k s e"], y: Float[np.ndarray, "k s e"], seed: int = 0) -> Correlation:
    """The averaged correlation, and the interval of a bootstrap that draws things and replicates anew, the same for both sides.

    The settings are kept: what is said is of these."""
    rng = np.random.default_rng(seed)
    found: list[float] = []
    _, replicates, things = x.shape
    while len(found) < REPEATS:
        which, rows = rng.integers(things, size=things), rng.integers(replicates, size=replicates)
        if len(np.unique(which)) > 2:
            found.append(averaged(x[:, rows][:, :, which], y[:, rows][:, :, which]))
    low, high = np.nanquantile(found, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Correlation(averaged(x, y), float(low), float(high))
