"""The picture of measurements along training: bias, deviation and RMSE of the whole gradient against the step."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.figure import look
from straightedge.analysis.figure.measurement import errors
from straightedge.analysis.figure.name import listed, percent, said
from straightedge.analysis.figure.picture import Picture, Words

PANELS = {"bias": "|bias|; hollow: at most", "deviation": "standard deviation of one estimate", "rmse": "RMSE of one estimate"}
DRAWN = ("|bias|, standard deviation and RMSE of one estimate, over the length |g| of the exact gradient at that step, of the whole "
         "gradient; where no bias is detected the upper end of its 95 % interval is drawn, hollow.")


def course(table: pd.DataFrame) -> pd.DataFrame:
    """`errors` of every step, with rmse."""
    parts = [errors(rows).assign(step=step) for step, rows in table.groupby("step", sort=False)]
    found = pd.concat(parts, ignore_index=True)
    return found.assign(rmse=np.sqrt(found.bias**2 + found.deviation**2))


def figure(table: pd.DataFrame) -> Figure:
    """A panel for each error."""
    found = course(table)
    drawing, axes = look.panels(*((3, 1, 6.0) if look.narrow() else (1, 3, 2.8)), sharex=True)
    for label, rows in found.groupby("label", sort=False):
        style = look.mark(str(label))
        for panel, name in zip(axes.flat, PANELS, strict=True):
            panel.plot(rows.step, rows[name], color=style["color"], linestyle=style.get("linestyle", "-"))
            for part, face in ((rows[rows.seen | (name != "bias")], style["color"]), (rows[~rows.seen & (name == "bias")], "white")):
                panel.plot(part.step, part[name], color=style["color"], marker=style["marker"], markerfacecolor=face, linestyle="none")
    for panel, name in zip(axes.flat, PANELS.values(), strict=True):
        panel.set_yscale("log", nonpositive="mask")
        panel.set(xlabel="step", ylabel=f"{name} / |g|")
    look.legend(drawing, list(dict.fromkeys(found.label)))
    return drawing


def words(table: pd.DataFrame) -> Words:
    """How the error of the best at the first step goes."""
    found = course(table)
    first = found[found.step == found.step.iloc[0]].set_index("label").rmse
    if not len(first.dropna()):
        return Words("The exact gradient is zero: there is nothing to be relative to.", "0, the length of the exact gradient.")
    best = first.idxmin()
    mine = found[found.label == best].set_index("step")
    parts = [f"{percent(mine.rmse.iloc[place])} of |g| at step {mine.index[place]}" for place in dict.fromkeys((0, len(mine) - 1))]
    return Words(f"The least error at the beginning is that of {said(str(best))}: {listed(parts)}.", f"{parts[-1]} with {said(str(best))}.")


PICTURE = Picture(figure, words)
