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
    panel.imshow(ground, cmap="gray", vmin=0, vmax=1, aspect="auto", origin="lower" if upward else "upper")
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
