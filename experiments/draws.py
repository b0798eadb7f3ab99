"""How many estimates must be averaged until the gradient is right, and when does averaging no longer help?

Relative RMSE and cosine of the mean of M estimates, per layer.  The variance falls like 1 / M, the bias stays.
"""

from dataclasses import dataclass

import numpy as np

from analysis import figure as figures
from analysis.problem import Digits, Points, Problem
from estimators.arm import Arm
from estimators.base import Estimator
from estimators.identity import Identity
from estimators.reinforce import Reinforce
from estimators.straight_through import StraightThrough
from experiments.cell import Cell, Suppressed

ESTIMATORS = (Reinforce(), Reinforce(baseline="leave_one_out", samples=4), Arm(), StraightThrough(), Identity())
DRAWS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = (Points(steps=1000), Digits(steps=1000))
    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    rows: int = 20_000
    """Estimates of each seed; the largest number of draws or more."""
    seeds: int = 10
    """Independent replicates; their spread is the error bar."""
    draws: tuple[int, ...] = DRAWS
    """Numbers M of estimates averaged."""


SMOKE = Config((Points((2, 3), points=20, steps=20),), rows=200, seeds=3, draws=(1, 10, 100))


def cells(config):
    """Every estimator on every problem."""
    return [Cell(problem, estimator, config.rows, config.seeds, config.draws)
            for problem in config.problems for estimator in config.estimators]


def figure(table):
    """Rows: RMSE and cosine of each problem; columns: layers."""
    problems = list(dict.fromkeys(table.problem))
    layers = {problem: [group for group in dict.fromkeys(table[table.problem == problem].group) if group != "all"]
              for problem in problems}
    columns = max(map(len, layers.values()))
    drawing, axes = figures.panels(2 * len(problems), columns, 3.4 * len(problems), sharex=True, sharey="row")
    for index, problem in enumerate(problems):
        for metric, row in (("rmse_relative", axes[2 * index]), ("cosine", axes[2 * index + 1])):
            for panel, group in zip(row, layers[problem], strict=False):
                part = table[(table.problem == problem) & (table.group == group) & (table.metric == metric)]
                for (label, estimator), line in part.groupby(["label", "estimator"], sort=False):
                    curve(panel, line, label, estimator)
                panel.set(xscale="log", title=f"{problem}: {group}" if metric == "rmse_relative" else None)
                panel.set_yscale("log") if metric == "rmse_relative" else panel.axhline(1, color="0.8", linewidth=0.6, zorder=0)
            row[0].set_ylabel("RMSE / |exact gradient|" if metric == "rmse_relative" else "cosine with it")
            for panel in row[len(layers[problem]):]:
                panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel("estimates averaged, M")
    drawing.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return drawing


def curve(panel, line, label, estimator):
    """One estimator's values against M with their 95 % intervals."""
    style = figures.mark(estimator)
    panel.plot(line.draws, line.value, markersize=3, label=label, **style)
    if np.isfinite(line.low).any():
        panel.fill_between(line.draws, line.low, line.high, color=style["color"], alpha=0.2, linewidth=0)
