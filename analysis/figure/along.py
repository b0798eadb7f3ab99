"""The picture of measurements along training: bias, deviation and RMSE of the whole gradient against the step."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.figure import look
from straightedge.analysis.figure.name import words


def figure(table: pd.DataFrame) -> Figure:
    """All over |g|.  Where no bias is detected the upper end of its interval is drawn, hollow."""
    plain = table[table.against.isna()] if "against" in table else table
    plain = plain[(plain.group == "all") & (plain.draws == 1)]
    with look.style():
        drawing, (axes,) = look.panels(1, 3, 2.9, sharex=True)
        for label, rows in plain.groupby("label", sort=False):
            mark = look.mark(label)
            wide = rows.pivot_table("value", "step", "metric", sort=False)
            length2 = wide.exact2.where(wide.exact2 > 0)
            squares = rows[rows.metric == "bias2"].set_index("step")
            sure = known(squares)
            bias = np.sqrt(squares.value.where(sure, squares.high).clip(lower=0) / length2)
            axes[0].plot(bias.index, bias, color=mark["color"], linestyle=mark.get("linestyle", "-"))
            for part, face in ((bias[sure], mark["color"]), (bias[~sure], "white")):
                axes[0].plot(part.index, part, color=mark["color"], marker=mark["marker"], markerfacecolor=face, linestyle="none")
            axes[1].plot(wide.index, np.sqrt(wide.variance / length2), **mark)
            axes[2].plot(wide.index, np.sqrt((wide.bias2 + wide.variance).clip(lower=0) / length2), **mark)
        for axis, name in zip(axes, ("|bias|; hollow: at most", "standard deviation of one estimate", "RMSE of one estimate"), strict=True):
            axis.set_yscale("log", nonpositive="mask")
            axis.set(xlabel="step", ylabel=f"{name} / |exact gradient|")
        labels = list(dict.fromkeys(plain.label))
        handles = [look.Line2D([], [], **look.mark(label)) for label in labels]
        drawing.legend(handles, [look.plain(words(label)) for label in labels], loc="outside lower center", ncols=4, frameon=False)
    return drawing
