"""Pictures of methods that learn binary weights: courses, all settings, paths of two weights."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from straightedge.analysis.figure import look as figures
from straightedge.analysis.lesson.enumerated import losses
from straightedge.analysis.lesson.method import WORDS

MARKERS = "osD^vPX*<>"
FIELDS = ("kind", "way", "rate", "scale", "spread", "decay", "units", "steps", "exact", "activation", "widths", "device")
"""Of the problems: what distinguishes courses."""


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each course: its settings, and metric -> value, low and high of the end; '-' where a setting is none of its."""
    part = table[table.group == "all"]
    names = [f"problem_{name}" for name in FIELDS if f"problem_{name}" in part]
    part = part.assign(**{name: part[name].astype(object).where(part[name].notna(), "-") for name in names})
    wide = part.pivot_table(["value", "low", "high"], ["key", *names], "metric", sort=False)
    wide.columns = pd.Index([metric if kind == "value" else f"{metric}_{kind}" for kind, metric in wide.columns])
    return wide.reset_index().rename(columns=lambda name: name.removeprefix("problem_"))


def mark(name: str) -> dict:
    """Colour and marker of a method."""
    place = list(WORDS).index(name)
    return {"color": (*figures.SERIES, "#999999", "#bbbbbb")[place], "marker": MARKERS[place], "markersize": 3.5}


def along(table: pd.DataFrame, key: str, metric: str) -> pd.Series:
    """Step -> the metric along a course."""
    part = table[(table.key == key) & (table.metric == metric)]
    steps = [last if group == "all" else float(group.removeprefix("step"))
             for group, last in zip(part.group, part.problem_steps, strict=True)]
    return pd.Series(part.value.to_numpy(float), index=steps).sort_index()


def courses(axes: Axes, table: pd.DataFrame, best: dict, reference: pd.Series) -> None:
    """The expected loss beyond the best state's along the best course of every method; the reference is dashed."""
    floor = float(reference.likeliest) - float(reference.excess)
    for name, row in best.items():
        line = along(table, row.key, "objective") - floor
        axes.plot(line.index, line, **mark(name))
    line = along(table, reference.key, "objective") - floor
    axes.plot(line.index, line, color="0.3", linestyle=(0, (4, 1.5)), linewidth=1)
    axes.set(xlabel="steps", ylabel="expected loss beyond the best state's", ylim=(0, None), title="at the best settings")


def settings(axes: Axes, part: pd.DataFrame, metric: str, best: dict) -> None:
    """A dot for every setting; a bar for the best with its interval."""
    order = sorted(best, key=lambda name: float(best[name][metric]))
    for place, name in enumerate(order):
        values, row = part[part.way == name][metric].astype(float), best[name]
        across = place + np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else [place]
        axes.plot(values, across, linestyle="none", alpha=0.45, **mark(name) | {"markersize": 2})
        axes.plot([row[f"{metric}_low"], row[f"{metric}_high"]], [place, place], color="black", linewidth=1)
        axes.plot([row[metric]], [place], **mark(name) | {"markersize": 5, "markeredgecolor": "black", "markeredgewidth": 0.6})
    axes.set_yticks(range(len(order)), [WORDS[name] for name in order], fontsize=6)
    axes.set_xlim(left=0)
    axes.invert_yaxis()


def halfway(losses: pd.Series, begin: float) -> float:
    """The rate, on a line between logarithms, at which the loss has first fallen half the way from `begin` to the least; NaN where it has
    at the least rate already."""
    losses = losses.sort_index().astype(float)
    middle, rates = (begin + losses.min()) / 2, np.log(losses.index.to_numpy(float))
    first = int(np.argmax(losses.to_numpy() <= middle))
    if first == 0:
        return float("nan")
    before, after = losses.iloc[first - 1], losses.iloc[first]
    return float(np.exp(rates[first - 1] + (rates[first] - rates[first - 1]) * (before - middle) / (before - after)))


def exponent(points: dict[float, float]) -> float:
    """Of the power law through these points; NaN of fewer than two."""
    known = {across: up for across, up in points.items() if np.isfinite(up)}
    return float(np.polyfit(np.log([*known]), np.log([*known.values()]), 1)[0]) if len(known) > 1 else float("nan")


def falls(axes: Axes, lines: dict[str, pd.Series], style: str = "-", marker: str = "o") -> None:
    """The loss against the rate, a line for each name, with the halfway rate as a mark."""
    begin = max(float(line.iloc[0]) for line in lines.values())
    for place, (name, line) in enumerate(lines.items()):
        color = figures.SERIES[place]
        axes.plot(line.index, line, color=color, linestyle=style, label=name, linewidth=1)
        if np.isfinite(halfway(line, begin)):
            axes.plot([halfway(line, begin)], [(begin + line.min()) / 2], color=color, marker=marker, markersize=4)
    axes.set(xscale="log", xlabel="rate")


def paths(axes: Axes, table: pd.DataFrame, keys: dict[str, str], points: int) -> None:
    """Means of two weights along the courses, over the expected loss, which is bilinear in them."""
    corner, grid = losses(0, points).numpy(), np.linspace(-1, 1, 41)
    p = (1 + grid) / 2
    height = (corner[0, 0] * np.outer(1 - p, 1 - p) + corner[1, 0] * np.outer(1 - p, p) + corner[0, 1] * np.outer(p, 1 - p)
              + corner[1, 1] * np.outer(p, p))
    axes.contour(grid, grid, height, levels=12, colors="0.8", linewidths=0.6, zorder=0)
    for name, key in keys.items():
        axes.plot(along(table, key, "mean0"), along(table, key, "mean1"), label=WORDS[name], **mark(name) | {"markersize": 2.5})
    axes.set(xlabel="mean of weight 1", ylabel="mean of weight 2", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
