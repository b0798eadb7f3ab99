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
    return float(spearmans(x, y))


def spearmans(x: Float[np.ndarray, "*r e"], y: Float[np.ndarray, "*r e"]) -> Float[np.ndarray, "*r"]:
    """The same of many at once."""
    a, b = (rankdata(side, axis=-1) - (side.shape[-1] + 1) / 2 for side in (x, y))
    scale = np.sqrt(np.square(a).sum(-1) * np.square(b).sum(-1))
    return np.divide((a * b).sum(-1), scale, out=np.full(np.shape(scale), np.nan), where=scale > 0)


def averaged(x: Float[np.ndarray, "*r k s e"], y: Float[np.ndarray, "*r k s e"]) -> Float[np.ndarray, "*r"]:
    """The mean over settings of the correlation of the replicates' means."""
    return np.asarray(np.nanmean(spearmans(x.mean(-2), y.mean(-2)), axis=-1))


def correlation(x: Float[np.ndarray, "k s e"], y: Float[np.ndarray, "k s e"], seed: int = 0) -> Correlation:
    """The averaged correlation, and the interval of a bootstrap that draws things and replicates anew, the same for both sides.

    The settings are kept: what is said is of these."""
    rng = np.random.default_rng(seed)
    picks: list[tuple[np.ndarray, np.ndarray]] = []
    _, replicates, things = x.shape
    while len(picks) < REPEATS:
        which, rows = (np.asarray(rng.integers(count, size=count)) for count in (things, replicates))
        if len(np.unique(which)) > 2:
            picks.append((which, rows))
    drawn = [np.stack([side[:, rows][:, :, which] for which, rows in picks]) for side in (x, y)]
    low, high = np.nanquantile(averaged(*drawn), ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Correlation(float(averaged(x, y)), float(low), float(high))
