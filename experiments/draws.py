"""How many estimates must be averaged until the gradient is right, and when does averaging no longer help?

RMSE over the length |g| of the exact gradient, and cosine with it, of the mean of M estimates, in the layer next to the data.  The variance
falls like 1 / M, the bias stays.  Lines of RMSE are exact; markers are sampled, with 95 % intervals as bars (RMSE) or bands (cosine); the
dotted line is half of |g|.  The table has all layers; in the last, all that draw one sample give the same estimate.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, percent, said, sentence
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
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
FIRST = "layer0"


def cells(config):
    """Every estimator on every problem, sampled and exactly."""
    return [Cell(problem, estimator, config.rows, config.seeds, config.draws, method)
            for problem in config.problems for estimator in config.estimators
            for method in dict.fromkeys((way(problem, estimator), "sampled"))]


def figure(table):
    """RMSE and cosine of the first layer, a row for each problem."""
    problems = list(dict.fromkeys(table.problem))
    shape = (2 * len(problems), 1) if figures.narrow() else (len(problems), 2)
    drawing, axes = figures.panels(*shape, 1.9 * shape[0] + 0.9, sharex=True)
    for (error, cosine), problem in zip(axes.reshape(-1, 2), problems, strict=True):
        part = table[(table.problem == problem) & (table.group == FIRST)]
        for label, rows in part.groupby("label", sort=False):
            curve(error, rows[rows.metric == "rmse_relative"], label)
            band(cosine, rows[rows.metric == "cosine"], label)
        error.set(title=problem, xscale="log", yscale="log", ylabel="RMSE / |g|")
        error.axhline(TARGETS[0], color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        cosine.axhline(1, color="0.8", linewidth=0.6, zorder=0)
        cosine.set(title=problem, ylabel="cosine with g")
    for panel in axes[-1]:
        panel.set_xlabel("estimates averaged, M")
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


def counts(table):
    """One row for each problem, estimator and layer: |bias| / |g|, and for each target the estimates that bring the RMSE down to that part
    of |g|, inf where none do; exact."""
    exact = table[(table.method == "exact") & table.metric.isin(("bias2", "variance", "exact2"))]
    wide = exact.pivot_table("value", ["problem", "label", "group"], "metric", sort=False).reset_index()
    bias2, variance = wide.bias2 / wide.exact2, wide.variance / wide.exact2
    wide["bias"] = np.sqrt(bias2.where(bias2 > 1e-18, 0))
    for target in TARGETS:
        left = (target**2 - bias2).where(bias2 < target**2)
        wide[target] = np.ceil(variance / left).clip(lower=1).where(left.notna(), np.inf)
    return wide


def words(table):
    """Who never gets there, and who gets there first."""
    found = counts(table)
    target, there = TARGETS[0], found[found.group == FIRST].pivot_table(TARGETS[0], "label", "problem", sort=False, dropna=False)
    never = [said(label) for label in there.index if np.isinf(there.loc[label]).all()]
    reached = there[~np.isinf(there).any(axis=1)]
    if not len(reached):
        return Words(f"No number of estimates brings any estimator within {percent(target)} of the gradient everywhere.", "none")
    best = np.log(reached).mean(axis=1).idxmin()
    needs = listed(f"{count:.0f} on {problem.partition(',')[0]}" for problem, count in reached.loc[best].items())
    first = f"Averaging does not cure bias: {listed(never)} never come{'s' * (len(never) == 1)} within {percent(target)} of the gradient; "
    answer = sentence(f"{first * bool(never)}{said(best)} needs the fewest estimates for {percent(target)}, {needs}.")
    return Words(answer, f"estimates of {said(best)} that bring the RMSE to {percent(target)} of |g|: {needs}.")


def tables(table):
    """Per problem and layer: what averaging leaves, the bias, and how many estimates bring the RMSE down to a share of |g|, the fewest
    first; exact."""
    keys = ["problem", "label", "group"]
    efficiency = table[(table.method == "exact") & (table.metric == "efficiency")].pivot_table("value", keys, "draws", sort=False)
    wide = counts(table)
    order = {name: place for column in ("problem", "group") for place, name in enumerate(dict.fromkeys(wide[column]))}
    wide = wide.assign(first=wide.problem.map(order), second=wide.group.map(order)).sort_values(["first", "second", *TARGETS, "bias"])
    found = pd.DataFrame({"network": wide.problem, "layer": wide.group, "estimator": wide.label.map(figures.words),
                          "bias, % of |g|": aligned(100 * wide.bias)})
    for target in TARGETS:
        found[f"estimates until RMSE {target:g}"] = wide[target].map("{:.0f}".format).where(~np.isinf(wide[target]), "never")
    part = efficiency.loc[list(map(tuple, wide[keys].to_numpy()))]
    for draws in (part.columns.min(), part.columns.max()):
        found[f"efficiency, M = {draws:g}"] = aligned(pd.Series(part[draws].to_numpy(), found.index))
    return found.set_index(["network", "layer"])


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, networks=True)
