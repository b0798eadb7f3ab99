"""Maps of numbers on grey, each number legible on its ground."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from straightedge.analysis.figure import look

DARK = 0.45
"""A shade from which a number is white."""


def heat(panel: Axes, shade: np.ndarray, texts: Sequence[Sequence[str]], columns: Sequence[str], rows: Sequence[str], upward: bool = False,
         framed: Sequence[tuple[int, int]] = (), colour: str = "black") -> None:
    """A map with its numbers.

    shade   [rows, columns], 0 white to 1 black, nan white
    texts   what stands there
    framed  (row, column) of those outlined, in this colour
    upward  whether the first row is the lowest"""
    ground = 1 - 0.85 * np.nan_to_num(np.clip(shade, 0, 1))
    edges = [np.arange(count + 1) - 0.5 for count in reversed(ground.shape)]
    panel.pcolormesh(*edges, ground, cmap="gray", vmin=0, vmax=1, edgecolors="face", linewidth=0.1)  # pgf has no pixels
    panel.set(xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]] if upward else edges[1][[-1, 0]])
    for (row, column), value in np.ndenumerate(ground):
        panel.text(column, row, texts[row][column], ha="center", va="center", fontsize=6 if look.narrow() else 6.5,
                   color="white" if value < 1 - DARK else "black")
    for row, column in framed:
        panel.add_patch(look.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=1.6, edgecolor=colour, clip_on=False,
                                       zorder=3))
    panel.set_xticks(range(len(columns)), columns)
    panel.set_yticks(range(len(rows)), rows)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)
