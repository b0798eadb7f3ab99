"""The picture of the benchmark: the exact gradient against width, and estimates a second."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from straightedge.analysis.figure import look
from straightedge.analysis.figure.name import listed, short
from straightedge.analysis.figure.picture import Picture, Words

WAYS = ("straightedge", "joint enumeration", "storchastic", "pyro", "loop", "hand-written ceiling", "exact moments", "floor")
MARKS = "osD^vPX*"
POINTS = 100
DRAWN = (f"Left: seconds of an exact gradient, {POINTS} data points, three layers of so many units; the floor is the multiplications "
         f"alone at the machine's speed. Right: gradient estimates a second on a network of the layers named below, {POINTS} points. "
         f"Marks are medians of repeats in one process on one machine, bars go from the least to the greatest.")


def style(way: str) -> dict:
    """Colour and marker of a way to compute."""
    place = WAYS.index(way) if way in WAYS else len(WAYS) - 1
    return {"color": look.SERIES[place], "marker": MARKS[place], "markersize": 3.5}


def exact(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of exact gradients of three equal layers, with their width."""
    found = table[(table.part == "exact") & (table.points == POINTS) & (table.case.str.count("-") == 2)].dropna(subset="seconds")
    return found.assign(width=found.case.str.partition("-")[0].astype(int))


def rates(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of estimates a second."""
    return table[(table.part == "rows") & (table.points == POINTS)].dropna(subset="rate")


def ends(rows: pd.DataFrame, value: str, low: str, high: str) -> np.ndarray:
    """Lengths of the bars, [2, rows]."""
    return np.stack((rows[value] - rows[low], rows[high] - rows[value])).clip(0)


def figure(table: pd.DataFrame) -> Figure:
    """Left: exact gradient against width.  Right: estimates a second."""
    drawing, axes = look.panels(*((2, 1, 6.0) if look.narrow() else (1, 2, 3.2)))
    left, right = axes.flat
    for way, rows in exact(table).groupby("method", sort=False):
        left.errorbar(rows.width, rows.seconds, ends(rows, "seconds", "low", "high"), elinewidth=0.8, **style(way))
    left.set(yscale="log", xlabel="units in each of three layers", ylabel="seconds of an exact gradient")
    found = rates(table)
    places = {name: -index for index, name in enumerate(dict.fromkeys(found.estimator))}
    for place, (way, rows) in enumerate(found.groupby("method", sort=False)):
        right.errorbar(rows.rate, rows.estimator.map(places) + 0.12 * (1.5 - place), xerr=ends(rows, "rate", "rate_low", "rate_high"),
                       elinewidth=0.8, linestyle="none", **style(way))
    right.set(xscale="log", xlabel=f"gradient estimates a second, {', '.join(dict.fromkeys(found.case))}, {POINTS} points")
    right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # over little more than a decade the powers of ten alone are too few
    right.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    right.xaxis.set_minor_formatter(NullFormatter())
    right.set_yticks(list(places.values()), [look.words(name) for name in places])
    ways = [way for way in WAYS if way in {*exact(table).method, *found.method}]
    look.legend(drawing, ways, ways, [look.Line2D([], [], **style(way)) for way in ways])
    return drawing


def words(table: pd.DataFrame) -> Words:
    """How many times faster the exact gradient is than each of the other ways, at the greatest width that they share."""
    found = exact(table)
    ours = found[found.method == "straightedge"].set_index("width").seconds
    parts = []
    for way, rows in found[~found.method.isin(("straightedge", "floor"))].groupby("method", sort=False):
        last = rows[rows.width.isin(ours.index)].sort_values("width").iloc[-1:]
        parts += [f"{short(row.seconds / ours[row.width])} times that of {way} at {row.case}" for row in last.itertuples()]
    widest = ours.index.max()
    answer = f"The speed of the exact gradient is {listed(parts)}." if parts else f"An exact gradient takes {short(ours[widest])} seconds."
    return Words(answer, f"{short(ours[widest])} seconds for the exact gradient of three layers of {widest} units.")


PICTURE = Picture(figure, words)
