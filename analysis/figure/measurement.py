"""The picture of one measurement: bias against deviation, and error against the number of estimates averaged."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.figure import look
from straightedge.analysis.figure.name import percent, said, sentence
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.figure.plane import Plane

DRAWS = np.logspace(0, 4, 81)
ENDS = (1, 100)
DRAWN = ("Left: |bias| against the standard deviation of one estimate, both over the length |g| of the exact gradient, of the whole "
         "gradient; grey curves join equal RMSE; what has no bias, or no deviation, has a line of its own in the bands of zeros; where "
         "sampling detects no bias its 95 % upper bound is drawn, with an arrow down. Right: RMSE of the mean of M estimates, by "
         "bias^2 + variance / M.")


def errors(table: pd.DataFrame) -> pd.DataFrame:
    """label, bias, deviation and length, |g| of each estimator, bias and deviation over |g|, of the whole gradient; seen is False where the
    bias is an upper bound."""
    plain = table[table.against.isna()] if "against" in table else table
    plain = plain[(plain.draws == 1) & (plain.group == "all")]
    wide = plain.pivot_table("value", "label", "metric", sort=False).reset_index()
    square = plain[plain.metric == "bias2"].set_index("label").loc[wide.label]
    seen = known(square).to_numpy()
    length2 = wide.exact2.where(wide.exact2 > 0)
    bias = np.sqrt(np.where(seen, square.value, square.high).clip(min=0) / length2)
    deviation = np.sqrt(wide.variance.clip(lower=0) / length2)
    return pd.DataFrame({"label": wide.label, "bias": bias.where(bias > 1e-9, 0.0), "deviation": deviation, "seen": seen})


def figure(table: pd.DataFrame) -> Figure:
    """The plane of errors, and RMSE against M."""
    found = errors(table)
    drawing, axes = look.panels(*((2, 1, 5.6) if look.narrow() else (1, 2, 3.3)))
    left, right = axes.flat
    plane = Plane(found.label, found.deviation, found.bias)
    plane.lay(left)
    for row in found.itertuples():
        style = look.mark(str(row.label))
        plane.course(left, found.loc[[row.Index]], style)
        right.plot(DRAWS, np.sqrt(row.bias**2 + row.deviation**2 / DRAWS), **style | {"markersize": 3.5}, markevery=20)
    left.set(xlabel="standard deviation of one estimate / |g|", ylabel="|bias| / |g|")
    right.set(xscale="log", yscale="log", xlabel="estimates averaged, M", ylabel="RMSE / |g|")
    look.legend(drawing, list(found.label))
    return drawing


def words(table: pd.DataFrame) -> Words:
    """Whose error is the least, for one estimate and for many."""
    found = errors(table).set_index("label")
    rmse = {draws: np.sqrt(found.bias**2 + found.deviation**2 / draws).dropna() for draws in ENDS}
    if not len(rmse[1]):
        return Words("The exact gradient is zero: there is nothing to be relative to.", "0, the length of the exact gradient.")
    best = [(said(str(values.idxmin())), percent(values.min())) for values in rmse.values()]
    first, last = best
    many = f"of {ENDS[1]} averaged it is {'the same' if first[0] == last[0] else last[0]}, {last[1]}"
    return Words(sentence(f"one estimate of {first[0]} has the least RMSE, {first[1]} of |g|; {many}."),
                 f"{first[1]} of |g| with one estimate of {first[0]}.")


PICTURE = Picture(figure, words)
