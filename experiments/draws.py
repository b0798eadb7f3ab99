"""How many estimates must be averaged until the gradient is right, and when does averaging no longer help?

Relative RMSE and cosine of the mean of M estimates, per layer.  The variance falls like 1 / M, the bias stays.  Lines of RMSE are
exact, from exact bias and variance; markers are sampled, with 95 % intervals as bars (RMSE) or bands (cosine).  In the output layer, the
last, all that draw one sample give the same estimate.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.identity import Identity
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

ESTIMATORS = (Reinforce(), Reinforce(baseline="leave_one_out", samples=4), Arm(), StraightThrough(), Identity())
DRAWS = (1, 3, 10, 30, 100, 300, 1000)


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = (Points(steps=200), Digits(steps=200))
    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    rows: int = 4000
    """Estimates of each seed; the largest number of draws or more."""
    seeds: int = 10
    """Independent replicates; their spread is the error bar."""
    draws: tuple[int, ...] = DRAWS
    """Numbers M of estimates averaged."""


SMOKE = Config((Points((2, 3), points=20, steps=20),), rows=200, seeds=3, draws=(1, 10, 100))
PAPER = Config(tuple(kind(steps=steps) for kind in (Points, Digits) for steps in (0, 200, 1000)), rows=20_000, seeds=30,
               draws=(*DRAWS, 3000, 10_000))
TARGETS = (0.5, 0.1)


def cells(config):
    """Every estimator on every problem, sampled and exactly."""
    return [Cell(problem, estimator, config.rows, config.seeds, config.draws, method)
            for problem in config.problems for estimator in config.estimators
            for method in dict.fromkeys((way(problem, estimator), "sampled"))]


def figure(table):
    """Rows: RMSE and cosine of each problem; columns: layers."""
    problems = list(dict.fromkeys(table.problem))
    layers = {problem: [group for group in dict.fromkeys(table[table.problem == problem].group) if group not in ("all", "hidden")]
              for problem in problems}
    columns = max(map(len, layers.values()))
    drawing, axes = figures.panels(2 * len(problems), columns, 3.2 * len(problems) + 0.4, sharex=True, sharey="row")
    for index, problem in enumerate(problems):
        error, cosine = axes[2 * index], axes[2 * index + 1]
        for position, group in enumerate(layers[problem]):
            part = table[(table.problem == problem) & (table.group == group)]
            for label, rows in part.groupby("label", sort=False):
                curve(error[position], rows[rows.metric == "rmse_relative"], label)
                band(cosine[position], rows[rows.metric == "cosine"], label)
            error[position].set(title=f"{problem}\n{group}" if position == 0 else group, xscale="log", yscale="log")
            cosine[position].axhline(1, color="0.8", linewidth=0.6, zorder=0)
        error[0].set_ylabel("RMSE / |exact gradient|")
        cosine[0].set_ylabel("cosine with it")
        for panel in (*error[len(layers[problem]):], *cosine[len(layers[problem]):]):
            panel.set_axis_off()
        for panel in cosine[: len(layers[problem])]:
            panel.set_xlabel("estimates averaged, M")
            panel.tick_params(labelbottom=True)
    figures.legend(drawing, list(dict.fromkeys(table.label)))
    return drawing


def curve(panel, rows, label):
    """The exact line, the sampled points with their 95 % intervals."""
    style = figures.mark(label)
    exact, sampled = rows[rows.method == "exact"], rows[rows.method == "sampled"]
    panel.plot(exact.draws, exact.value, **style | {"marker": "none"})
    ends = (sampled.value - sampled.low).clip(lower=0), (sampled.high - sampled.value).clip(lower=0)
    panel.errorbar(sampled.draws, sampled.value, ends, **style | {"linestyle": "none"}, markersize=3, elinewidth=0.8)


def band(panel, rows, label):
    """The sampled cosines with their 95 % intervals."""
    style = figures.mark(label)
    panel.plot(rows.draws, rows.value, markersize=3, **style)
    panel.fill_between(rows.draws, rows.low, rows.high, color=style["color"], alpha=0.2, linewidth=0)


def tables(table):
    """Per problem and layer: what averaging leaves, the bias, and how many estimates bring the RMSE down to a share of |g|; exact."""
    keys = ["problem", "label", "group"]
    efficiency = table[(table.method == "exact") & (table.metric == "efficiency")].pivot_table("value", keys, "draws", sort=False)
    exact = table[(table.method == "exact") & table.metric.isin(("bias2", "variance", "exact2"))]
    wide = exact.pivot_table("value", keys, "metric", sort=False).reset_index()
    bias2, variance = wide.bias2 / wide.exact2, wide.variance / wide.exact2
    found = pd.DataFrame({"problem": wide.problem, "estimator": wide.label.map(figures.words), "layer": wide.group,
                          "bias / gradient": np.sqrt(bias2.where(bias2 > 1e-18, 0)).map("{:.3g}".format)})
    for target in TARGETS:
        left = (target**2 - bias2).where(bias2 < target**2)
        counts = np.ceil(variance / left).clip(lower=1)
        found[f"estimates until RMSE {target:g}"] = counts.map("{:.0f}".format).where(left.notna(), "never")
    part = efficiency.loc[list(map(tuple, wide[keys].to_numpy()))]
    for draws in (part.columns.min(), part.columns.max()):
        found[f"efficiency, M = {draws:g}"] = part[draws].map("{:.3g}".format).to_numpy()
    return found


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, networks=True)
