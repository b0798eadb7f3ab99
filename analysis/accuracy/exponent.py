"""The law of exponents: which place (g, h) of tempered straight-through, from how saturated units are and how many estimates are averaged.

A law is six numbers, g and h each linear in the saturation and in the decimal logarithm of the draws, cut to [0, 1].
Shapes: n surfaces, g and h places of the grid.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import minimize

STEPS = 600
"""Steps of the search for a law."""


class Surface:
    """The efficiency of one network, for one number of draws, at any (g, h): bilinear between the places of a grid, zero where one lacks.

    Made from rows with g, h (empty for rules that are not on the grid), label, efficiency, saturation, draws, judged, trained."""

    def __init__(self, rows: pd.DataFrame):
        g, h, efficiency = rows.loc[rows.g.notna(), ["g", "h", "efficiency"]].to_numpy(float).T
        (over, row), (along, column) = (np.unique(part, return_inverse=True) for part in (g, h))
        self.axes, self.grid = (over, along), np.zeros((len(over), len(along)))
        self.grid[row, column] = np.where(np.isnan(efficiency), 0.0, efficiency)
        self.saturation, self.draws, self.best = float(rows.saturation.iloc[0]), int(rows.draws.iloc[0]), float(self.grid.max())
        place = np.unravel_index(self.grid.argmax(), self.grid.shape)
        self.g, self.h = float(over[place[0]]), float(along[place[1]])
        self.judged, self.trained = bool(rows.judged.iloc[0]), bool(rows.trained.iloc[0])
        self.others = rows[rows.g.isna()].set_index("label").efficiency

    def __call__(self, g: float, h: float) -> float:
        """The efficiency there; g and h are cut to the grid."""
        return float(bilinear(self.axes, self.grid[None], np.array([[g, h]]))[0])


def bilinear(axes: tuple[Float[np.ndarray, " g"], Float[np.ndarray, " h"]], grids: Float[np.ndarray, "n g h"],
             places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    """Every grid at a place of its own, which is cut to the axes."""
    which, shares = [], []
    for axis, values in zip(axes, places.T, strict=True):
        cut = values.clip(axis[0], axis[-1])
        below = np.searchsorted(axis, cut, side="right").clip(1, len(axis) - 1) - 1
        which.append(below)
        shares.append((cut - axis[below]) / (axis[below + 1] - axis[below]))
    (i, j), (s, t), n = which, shares, np.arange(len(grids))
    low, high = (grids[n, i + k, j] * (1 - t) + grids[n, i + k, j + 1] * t for k in (0, 1))
    return low * (1 - s) + high * s


def places(law: Float[np.ndarray, " 6"], terms: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    """(g, h) of this law, for rows (1, saturation, log10 of the draws)."""
    return np.clip(terms @ np.reshape(law, (2, 3)).T, 0.0, 1.0)


def exponents(law: Float[np.ndarray, " 6"], saturation: float, draws: int) -> tuple[float, float]:
    """(g, h) of this law."""
    g, h = places(law, np.array([[1.0, saturation, np.log10(draws)]]))[0]
    return float(g), float(h)


def found_law(parts: Sequence[Surface]) -> Float[np.ndarray, " 6"]:
    """The law with the greatest mean efficiency on these surfaces, which share a grid, by Nelder and Mead from the linear fit of the best
    places."""
    terms = np.array([[1.0, part.saturation, np.log10(part.draws)] for part in parts])
    start = np.linalg.lstsq(terms, np.array([[part.g, part.h] for part in parts]), rcond=None)[0].T.ravel()
    axes, grids = parts[0].axes, np.stack([part.grid for part in parts])

    def loss(law: np.ndarray) -> float:
        return -float(bilinear(axes, grids, places(law, terms)).mean())

    return minimize(loss, start, method="Nelder-Mead", options={"maxiter": STEPS, "xatol": 1e-3, "fatol": 1e-5}).x


def law_words(law: Float[np.ndarray, " 6"]) -> str:
    """The law for readers; S the saturation, M the number of estimates averaged."""
    def line(part: np.ndarray) -> str:
        return f"{part[0]:.2f} {part[1]:+.2f} S {part[2]:+.2f} log M".replace("-", "−")

    return f"g = {line(law[:3])},  h = {line(law[3:])}"
