"""When does straight-through become accurate: with width, with depth, or with logits of what scale?

Exact bias of the chain estimators in the first layer, over random networks.  Lines are medians, bands the middle half of the
networks; the table gives the trend of the bias, the mean over networks of each network's own slope, with its 95 % interval.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.base import Estimator
from straightedge.estimators.darn import Darn
from straightedge.estimators.deterministic import Deterministic
from straightedge.estimators.identity import Identity
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

ESTIMATORS = (StraightThrough(), Identity(), Darn(), Deterministic(), MeanField())
AXES = {"width": "units a layer", "depth": "Bernoulli layers", "scale": "scale of the pre-activations"}


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    width: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 10, 12, 14)
    """Units a layer; every other network has the fourth."""
    depth: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 10)
    """Bernoulli layers; every other network has the third."""
    scale: tuple[float, ...] = (0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 10.0)
    """Standard deviation of the pre-activations, roughly; every other network has the fourth."""
    networks: int = 10
    """Random networks of each shape."""
    rows: int = 2000
    """Sampled estimates of each seed, of estimators without exact moments."""
    seeds: int = 5
    """Independent replicates, of the same."""


SMOKE = Config(ESTIMATORS[:3], (1, 2, 3, 4), (1, 2, 3), (0.1, 0.3, 0.5, 1.0), 3)
PAPER = Config(networks=100)


def cells(config):
    """Every estimator on every random network along the three axes."""
    width, depth, scale = config.width[3], config.depth[2], config.scale[3]
    shapes = [(w, depth, scale) for w in config.width] + [(width, d, scale) for d in config.depth]
    shapes = dict.fromkeys(shapes + [(width, depth, s) for s in config.scale])
    problems = [Points((w,) * d, points=50, scale=s, seed=seed) for w, d, s in shapes for seed in range(config.networks)]
    ways = {estimator: way(problems[0], estimator) for estimator in config.estimators}
    return [Cell(problem, estimator, config.rows, config.seeds, method=ways[estimator])
            for problem in problems for estimator in config.estimators]


def relative(table):
    """|bias| / |g| and the scale `along` of the first layer, one row for each network and estimator, with its shape."""
    keys = ["problem_widths", "problem_scale", "problem_seed", "label"]
    wide = table[table.group == "layer0"].pivot_table("value", keys, "metric", sort=False).reset_index()
    parts = wide.problem_widths.astype(str).str.split("-")
    wide["width"], wide["depth"], wide["scale"] = parts.str[0].astype(int), parts.str.len(), wide.problem_scale.astype(float)
    wide["bias"] = np.sqrt(wide.bias2.clip(lower=0) / wide.exact2)
    return wide


def sliced(wide, axis):
    """The networks that differ along one axis only: those whose other two numbers are the commonest."""
    for other in AXES:
        if other != axis:
            wide = wide[wide[other] == wide[other].mode()[0]]
    return wide


def figure(table):
    """Columns: the axes; rows: relative bias, and the length of the mean along the exact gradient."""
    wide = relative(table)
    drawing, axes = figures.panels(2, 3, 4.6, sharex="col", sharey="row")
    for column, (axis, name) in enumerate(AXES.items()):
        part = sliced(wide, axis)
        for label, rows in part.groupby("label", sort=False):
            for panel, metric in zip(axes[:, column], ("bias", "along"), strict=True):
                curve(panel, rows.groupby(axis)[metric].quantile([0.25, 0.5, 0.75]).unstack(), label)
        fixed = ", ".join(f"{other} {part[other].iloc[0]:g}" for other in AXES if other != axis)
        axes[0, column].set_title(fixed)
        axes[1, column].set(xscale="log", xlabel=name)
        ticks = sorted(part[axis].unique())
        axes[1, column].set_xticks(ticks, spaced(ticks))
        axes[1, column].minorticks_off()
    axes[0, 0].set(yscale="log", ylabel="|bias| / |exact|, first layer")
    axes[1, 0].set_yscale("symlog", linthresh=1)
    axes[1, 0].set_ylabel("<mean, exact> / |exact|²")
    tops = wide.groupby(["label", "problem_widths", "problem_scale"]).along.median()
    axes[1, 0].set_ylim(min(-0.3, 1.3 * wide.groupby("label").along.quantile(0.02).min()), 2 * tops.max())
    for panel in (*axes[0], *axes[1]):
        panel.axhline(1, color="0.7", linewidth=0.6, zorder=0)
    figures.legend(drawing, list(dict.fromkeys(table.label)), 5)
    return drawing


def spaced(ticks):
    """The ticks' names on a logarithmic axis, but for those that would run into the next."""
    names, last = [], np.inf
    for tick in reversed(ticks):
        names.append(f"{tick:g}" if last >= 1.25 * tick else "")
        last = tick if names[-1] else last
    return names[::-1]


def curve(panel, values, label):
    """Median and the middle half over the networks."""
    style = figures.mark(label)
    panel.plot(values.index, values[0.5], markersize=3.5, label=label, **style)
    panel.fill_between(values.index, values[0.25], values[0.75], color=style["color"], alpha=0.13, linewidth=0)


def trend(rows, axis):
    """(mean over networks of the slope of log bias by log axis, half its 95 % interval); the networks of one seed are one unit."""
    rows = rows[rows.bias > 1e-9]
    slopes = [np.polyfit(np.log(part[axis]), np.log(part.bias), 1)[0]
              for _, part in rows.groupby("problem_seed") if part[axis].nunique() > 2]
    if len(slopes) < 2:
        return np.nan, np.nan
    return np.mean(slopes), t.ppf(0.975, len(slopes) - 1) * np.std(slopes, ddof=1) / len(slopes) ** 0.5


def tables(table):
    """The exponent of the bias along each axis, and the median bias at both ends."""
    wide, rows = relative(table), []
    for axis, name in AXES.items():
        for label, part in sliced(wide, axis).groupby("label", sort=False):
            slope, half = trend(part, axis)
            medians = 100 * part.groupby(axis).bias.median()
            rows.append({"along": name, "estimator": figures.words(label), "exponent of the bias": f"{slope:.2f} ± {half:.2f}",
                         "from": f"{medians.index[0]:g}", "median bias % there": f"{medians.iloc[0]:.3g}",
                         "to": f"{medians.index[-1]:g}", "median bias % at the end": f"{medians.iloc[-1]:.3g}"})
    return pd.DataFrame(rows)


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, fields=("widths", "scale", "seed"))
