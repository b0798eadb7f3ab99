"""Orders that papers publish, held against a table of training losses: who ends lower, paired by network, with intervals."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.accuracy.summary import quantile
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, said
from straightedge.analysis.figure.picture import Words


class Order(NamedTuple):
    """A published order of two estimators."""

    better: str
    """Labels."""
    worse: str
    paper: str


def guide(ends: pd.DataFrame) -> str:
    """The trainer that others are held against: the exact gradient where it was in reach, else DisARM."""
    return "exact" if "exact" in set(ends.trainer) else "disarm"


def beside(ends: pd.DataFrame) -> str:
    """Its name in a sentence."""
    return "the exact gradient" if guide(ends) == "exact" else said("disarm")


def mean(values: pd.Series) -> tuple[float, float]:
    """(mean, half its 95 % interval by Student's t; NaN for one network)."""
    return float(values.mean()), float(quantile(len(values)) * values.sem()) if len(values) > 1 else np.nan


def beyond(ends: pd.DataFrame, label: str, other: str) -> pd.Series:
    """By network, the last loss of training with one estimator less that with another; empty where either is missing."""
    losses = ends.pivot_table("value", "problem_seed", "trainer")
    return losses[label] - losses[other] if {label, other} <= {*losses} else pd.Series(dtype=float)


def orders(ends: pd.DataFrame, published: Sequence[Order]) -> pd.DataFrame:
    """One row for each number of bits, checkpoint after the first and published order that both estimators are trained for: the loss of the
    better less that of the worse, its interval, and whether the order holds."""
    rows = []
    for (bits, steps), part in ends[ends.problem_steps > 0].groupby(["problem_bits", "problem_steps"], sort=False):
        for order in published:
            found = beyond(part, order.better, order.worse)
            if len(found):
                value, half = mean(found)
                rows.append({"bits": bits, "steps": steps, **order._asdict(), "value": value, "half": half, "holds": verdict(value, half)})
    return pd.DataFrame(rows, columns=["bits", "steps", *Order._fields, "value", "half", "holds"])


def verdict(value: float, half: float) -> str:
    """Whether a lower loss is seen where it is published."""
    if np.isnan(half) or abs(value) <= half:
        return "cannot tell"
    return "holds" if value < 0 else "reversed"


def told(value: float, half: float) -> str:
    """A difference with its interval."""
    return f"{value:+.2f}" if np.isnan(half) else f"{value:+.2f} ± {half:.2f}"


def judged(found: pd.DataFrame) -> Words:
    """How many orders hold at every checkpoint, and which are reversed at the last."""
    last = found[found.steps == found.steps.max()]
    counts = {steps: (rows.holds == "holds").sum() for steps, rows in found.groupby("steps")}
    wrong = [f"{said(row.better)} below {said(row.worse)} at {row.bits} bits" for row in last.itertuples() if row.holds == "reversed"]
    if not counts:
        return Words("None of the published orders is of estimators that were trained.", "No order.")
    answer = (f"Of {len(last)} published orders of losses {listed(map(str, counts.values()))} are seen after "
              f"{listed(map(str, counts))} steps; {len(wrong)} are reversed at the end")
    answer += f": {listed(wrong)}." if wrong else "."
    return Words(answer, f"{counts[found.steps.max()]} of {len(last)} published orders are seen after {found.steps.max()} steps.")


def ranking(found: pd.DataFrame) -> Figure:
    """The differences as dots with intervals, left of the line where the published order holds; the darker, the later."""
    pairs = list(dict.fromkeys(zip(found.better, found.worse, found.paper, strict=True)))
    widths, steps = list(dict.fromkeys(found.bits)), sorted(set(found.steps))
    drawing, axes = figures.panels(1, 1, 1.2 + 0.36 * max(1, len(pairs)))
    panel, handles, names = axes[0, 0], [], []
    slots = len(widths) * len(steps)
    for number, (bits, step) in enumerate((bits, step) for bits in widths for step in steps):
        part = found[(found.bits == bits) & (found.steps == step)]
        colour = figures.SERIES[number // len(steps)]
        shade = 0.25 + 0.75 * (steps.index(step) + 1) / len(steps)
        style: dict[str, Any] = {"marker": "o", "markersize": 3.0, "color": colour, "alpha": shade}
        places = [pairs.index(pair) + 0.2 + 0.5 * number / max(1, slots - 1)
                  for pair in zip(part.better, part.worse, part.paper, strict=True)]
        panel.errorbar(part.value, places, xerr=part.half.fillna(0), linestyle="", elinewidth=0.8, **style)
        handles.append(figures.Line2D([], [], linestyle="", **style))
        names.append(f"{bits} bits, {step} steps")
    for place, (better, worse, paper) in enumerate(pairs):
        panel.annotate(f"{said(better)} below {said(worse)} ({paper})", (0.0, place), xycoords=("axes fraction", "data"), fontsize=6,
                       color="0.3", va="center")
    panel.axvline(0, color="0.6", linewidth=0.6, zorder=0)
    panel.set(ylim=(len(pairs) - 0.1, -0.5), xlabel="difference of losses, nats an image")
    panel.set_xscale("symlog", linthresh=0.1)
    panel.xaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_major_locator(figures.no_ticks())
    panel.spines["left"].set_visible(False)
    figures.legend(drawing, names, names, handles)
    return drawing
