"""Orders that papers publish, held against a table of training losses: who ends lower, paired by network, with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

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
    """One row for each number of bits and published order that both estimators are trained for: the loss of the better less that of the
    worse at the end, its interval, and whether the order holds."""
    rows = []
    for bits, part in ends.groupby("problem_bits", sort=False):
        last = part[part.problem_steps == part.problem_steps.max()]
        for order in published:
            found = beyond(last, order.better, order.worse)
            if len(found):
                value, half = mean(found)
                rows.append({"bits": bits, **order._asdict(), "value": value, "half": half, "holds": verdict(value, half)})
    return pd.DataFrame(rows, columns=["bits", *Order._fields, "value", "half", "holds"])


def verdict(value: float, half: float) -> str:
    """Whether a lower loss is seen where it is published."""
    if np.isnan(half) or abs(value) <= half:
        return "cannot tell"
    return "holds" if value < 0 else "reversed"


def told(value: float, half: float) -> str:
    """A difference with its interval."""
    return f"{value:+.2f}" if np.isnan(half) else f"{value:+.2f} ± {half:.2f}"


def judged(found: pd.DataFrame) -> Words:
    """How many orders hold, and which do not."""
    counts = found.holds.value_counts()
    wrong = [f"{said(row.better)} below {said(row.worse)} at {row.bits} bits" for row in found.itertuples() if row.holds == "reversed"]
    answer = f"Of {len(found)} published orders {counts.get('holds', 0)} hold in the last loss, {counts.get('reversed', 0)} are reversed"
    answer += f" ({listed(wrong)})" if wrong else ""
    answer += f" and {counts.get('cannot tell', 0)} cannot be told."
    return Words(answer, f"{counts.get('holds', 0)} of {len(found)} published orders hold.")


def ranking(found: pd.DataFrame) -> Figure:
    """The differences as dots with intervals, left of the line where the published order holds."""
    pairs = list(dict.fromkeys(zip(found.better, found.worse, found.paper, strict=True)))
    drawing, axes = figures.panels(1, 1, 0.8 + 0.34 * max(1, len(pairs)))
    panel, widths = axes[0, 0], list(dict.fromkeys(found.bits))
    for number, bits in enumerate(widths):
        part = found[found.bits == bits]
        shift = 0.22 * (number - (len(widths) - 1) / 2)
        places = [pairs.index(pair) + shift for pair in zip(part.better, part.worse, part.paper, strict=True)]
        panel.errorbar(part.value, places, xerr=part.half.fillna(0), fmt="o", color=figures.SERIES[number], markersize=3.5, elinewidth=1.0)
    panel.axvline(0, color="0.6", linewidth=0.6, zorder=0)
    panel.set_yticks(range(len(pairs)), [f"{said(better)} below\n{said(worse)} ({paper})" for better, worse, paper in pairs], fontsize=6)
    panel.invert_yaxis()
    panel.set_xscale("symlog", linthresh=0.1)
    panel.set_xlabel("difference of the last losses, nats an image")
    names = [f"{bits} bits" for bits in widths]
    figures.legend(drawing, names, names, [figures.Line2D([], [], color=figures.SERIES[number], marker="o", linestyle="")
                                           for number in range(len(widths))])
    return drawing
