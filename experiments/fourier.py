"""Which Walsh degrees of the loss does each estimator get right, and does it matter how the loss is written?

Random functions of one degree on the states of six units, four writings of each, equal on the states: the exact gradient is one.
Straight-through is right for the multi-affine writing of every degree and for no other, DARN where no unit has a power over 2;
FouST, whose units all stand between their states at once, is right for one unit only: in the multi-affine writing it is shrunk by
2^(1 - degree).  Root mean squares over random functions; FouST is sampled, < stands before an upper bound, the others are exact.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.writing import Writing
from straightedge.estimators.base import Estimator
from straightedge.estimators.darn import Darn
from straightedge.estimators.foust import Foust
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

NONE = 1e-6


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = (StraightThrough(), Darn(), Foust())
    degrees: tuple[int, ...] = (1, 2, 3, 4, 5)
    """Walsh degrees."""
    powers: tuple[int, ...] = (1, 2, 3, 4)
    """Highest power of one unit."""
    functions: int = 5
    """Random functions of each degree."""
    rows: int = 20_000
    """Sampled estimates of each seed, FouST only."""
    seeds: int = 4
    """Independent replicates, FouST only."""


SMOKE = Config(degrees=(1, 2), powers=(1, 2), functions=2, rows=400, seeds=3)
PAPER = Config(functions=20, rows=100_000, seeds=20)


def cells(config):
    """Every estimator on every writing of every function."""
    problems = [Writing(degree, power, seed=seed)
                for degree in config.degrees for power in config.powers for seed in range(config.functions)]
    ways = {estimator: way(problems[0], estimator) for estimator in config.estimators}
    return [Cell(problem, estimator, config.rows, config.seeds, method=ways[estimator])
            for problem in problems for estimator in config.estimators]


def relative(table):
    """Root mean squares over functions of |bias| / |g| and deviation / |g|, the share of functions whose bias was seen, and `along`."""
    table = table[table.group == "all"]
    keys = ["label", "problem_degree", "problem_power", "problem_seed"]
    wide = table.pivot_table("value", keys, "metric", sort=False).reset_index()
    square = table[table.metric == "bias2"].set_index(keys).loc[list(map(tuple, wide[keys].to_numpy()))]
    wide["seen"] = known(square).to_numpy()
    wide["bias"] = np.where(wide.seen, square.value, square.high) / wide.exact2
    wide["deviation"] = wide.variance / wide.exact2
    found = wide.groupby(keys[:-1], sort=False)[["bias", "deviation", "seen", "along"]].mean().reset_index()
    found[["bias", "deviation"]] = np.sqrt(found[["bias", "deviation"]].clip(lower=0))
    return found


def figure(table):
    """Heat maps of degree by writing, a column for each estimator: relative bias, relative deviation."""
    found = relative(table)
    labels = list(dict.fromkeys(found.label))
    drawing, axes = figures.panels(2, len(labels), 4.6, sharex=True, sharey=True)
    for column, label in enumerate(labels):
        part = found[found.label == label]
        for panel, measure in zip(axes[:, column], ("bias", "deviation"), strict=True):
            grid, seen = (part.pivot(index="problem_power", columns="problem_degree", values=name) for name in (measure, "seen"))
            heat(panel, grid, seen.to_numpy() >= 0.5 if measure == "bias" else np.ones(grid.shape, bool))
        axes[0, column].set_title(f"{figures.words(label)}: |bias| / |g|")
        axes[1, column].set_title("standard deviation / |g|")
        axes[1, column].set_xlabel("Walsh degree of the loss")
    for panel in axes[:, 0]:
        panel.set_ylabel("highest power of a unit")
    return drawing


def heat(panel, grid, seen):
    """A heat map with its numbers, logarithmic colours; exact zeros white."""
    values = grid.to_numpy()
    shade = np.log10(values.clip(0.03, 1000))
    panel.imshow(shade, cmap="Greys", vmin=np.log10(0.03), vmax=4, aspect="auto", origin="lower")
    for (row, column), value in np.ndenumerate(values):
        number = f"{value:.0f}" if value >= 100 else f"{value:.2g}" if seen[row, column] else f"<{value:.1g}"
        nothing = value < NONE
        panel.text(column, row, "0" if nothing else number, ha="center", va="center", fontsize=7,
                   fontweight="bold" if nothing else "normal", color="white" if value > 50 else "black")
    panel.set_xticks(range(grid.shape[1]), grid.columns)
    panel.set_yticks(range(grid.shape[0]), grid.index)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)


def tables(table):
    """The scale of the mean estimate, <E row, g> / |g|^2, for the multi-affine writing of each degree."""
    found = relative(table)
    wide = found[found.problem_power == 1].pivot_table("along", "label", "problem_degree", sort=False)
    frame = pd.DataFrame({"scale": [figures.words(label) for label in wide.index]})
    for degree in wide:
        frame[f"degree {degree}"] = wide[degree].map("{:.3f}".format).to_numpy()
    return frame


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, fields=("degree", "power", "seed"))
