"""The picture of one measurement: bias against deviation, and error against the number of estimates averaged."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.figure import look
from straightedge.analysis.figure.name import words

DRAWS = np.logspace(0, 4, 81)
LEVELS = [a * 10.0**k for k in range(-2, 5) for a in (1, 3)]


def figure(table: pd.DataFrame) -> Figure:
    """Left: |bias| against standard deviation, over |g|; large the whole gradient, small its layers.  Right: RMSE of the mean of M."""
    plain = table[table.against.isna()] if "against" in table else table
    wide = plain[plain.draws == 1].pivot_table("value", ["label", "group"], "metric", sort=False).reset_index()
    length2 = wide.exact2.where(wide.exact2 > 0)
    wide["bias"], wide["deviation"] = (np.sqrt(wide[name].clip(lower=0) / length2) for name in ("bias2", "variance"))
    with look.style():
        drawing, axes = look.panels(1, 2, 3.4)
        left, right = axes[0]
        for label, rows in wide.groupby("label", sort=False):
            mark = look.mark(label)
            for part, size in ((rows[rows.group != "all"], 3.0), (rows[rows.group == "all"], 7.5)):
                left.plot(part.deviation, part.bias.where(part.bias > 1e-9, 0.0), **mark | {"linestyle": "none"}, markersize=size)
            whole = rows[rows.group == "all"].iloc[0]
            right.plot(DRAWS, np.sqrt(whole.bias**2 + whole.deviation**2 / DRAWS), **mark | {"marker": "none"})
        reach = float(np.nanmax(wide[["bias", "deviation"]].to_numpy(), initial=0.01))
        look.equal_error(left, LEVELS, 1.3 * reach)
        left.set_xscale("symlog", linthresh=0.01)
        left.set_yscale("symlog", linthresh=0.01)
        left.set(xlim=(-0.003, 2.5 * reach), ylim=(-0.003, 2.5 * reach), xlabel="standard deviation of one estimate / |exact gradient|",
                 ylabel="|bias| / |exact gradient|")
        right.set(xscale="log", yscale="log", xlabel="estimates averaged, M", ylabel="RMSE / |exact gradient|")
        labels = list(dict.fromkeys(wide.label))
        handles = [look.Line2D([], [], **look.mark(label)) for label in labels]
        drawing.legend(handles, [look.plain(words(label)) for label in labels], loc="outside lower center", ncols=4, frameon=False)
    return drawing
