"""Which error dominates, bias or spread, for each estimator and layer, at initialisation and after training?

Both relative to the length of the exact gradient.  A large marker is the whole gradient, the small ones its layers.  Grey lines
join points of equal RMSE of one estimate.  Where sampling detects no bias, an arrow hangs from its 95 % upper bound.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.deterministic import Deterministic
from straightedge.estimators.identity import Identity
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

PROBLEMS = (Points(), Points(steps=200), Digits(), Digits(steps=200))
ESTIMATORS = (Reinforce(), Reinforce(baseline="leave_one_out", samples=4), Arm(), StraightThrough(), Identity(), ClippedIdentity(),
              Deterministic(), MeanField())


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = PROBLEMS
    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    rows: int = 2000
    """Estimates of each seed."""
    seeds: int = 10
    """Independent replicates; their spread is the error bar."""


SMOKE = Config((Points((2, 3), points=20), Points((2, 3), points=20, steps=20)), rows=200, seeds=3)
PAPER = Config(tuple(kind(steps=steps) for kind in (Points, Digits) for steps in (0, 50, 200, 1000)), rows=20_000, seeds=30)


def cells(config):
    """Every estimator on every problem."""
    return [Cell(problem, estimator, config.rows, config.seeds, (1, 100))
            for problem in config.problems for estimator in config.estimators]


def relative(table):
    """bias / |g| (its upper bound where none is detected), deviation / |g| and efficiency of each problem, estimator and group, wide;
    `hidden` is the efficiency averaged over hidden layers."""
    keys = ["problem", "label", "group"]
    hidden = table[(table.group == "hidden") & (table.metric == "efficiency") & (table.draws == 1)].set_index(keys[:2])["value"]
    table = table[table.group != "hidden"]
    wide = table[table.draws == 1].pivot_table("value", keys, "metric", sort=False).reset_index()
    square = table[table.metric == "bias2"].set_index(keys).loc[list(map(tuple, wide[keys].to_numpy()))]
    wide["seen"] = known(square).to_numpy()
    wide["bias"] = np.sqrt(np.where(wide.seen, square.value, square.high).clip(min=0) / wide.exact2)
    wide["bias"] = wide.bias.where(wide.bias > 1e-9, 0.0)
    wide["deviation"] = np.sqrt(wide.variance.clip(lower=0) / wide.exact2)
    wide["verdict"] = square.verdict.to_numpy()
    wide["hidden"] = hidden.reindex(list(map(tuple, wide[keys[:2]].to_numpy()))).to_numpy()
    return wide


def figure(table):
    """|bias| against standard deviation, one panel a problem."""
    problems, wide = list(dict.fromkeys(table.problem)), relative(table)
    drawing, axes = figures.panels(-(-len(problems) // 2), 2, 3.0 * -(-len(problems) // 2) + 0.4, sharex=True, sharey=True)
    for panel, problem in zip(axes.flat, problems, strict=True):
        part = wide[wide.problem == problem]
        limit = 1.3 * max(part.deviation.max(), part.bias.max())
        figures.equal_error(panel, [a * 10.0**k for k in range(-2, 4) for a in (1, 3)], limit)
        panel.plot([0, 1e4], [0, 1e4], color="0.8", linewidth=0.6, linestyle=":", zorder=0)
        for label, rows in part.groupby("label", sort=False):
            draw(panel, rows[rows.group != "all"], label, size=3, alpha=0.55)
            draw(panel, rows[rows.group == "all"], label, size=7.5, alpha=1.0)
        panel.set_title(problem)
        panel.set_xscale("symlog", linthresh=0.01)
        panel.set_yscale("symlog", linthresh=0.01)
        panel.set(xlim=(-0.003, wide.deviation.max() * 2.5), ylim=(-0.003, wide.bias.max() * 2.5))
    for panel in axes[-1]:
        panel.set_xlabel("standard deviation of one estimate / |exact gradient|")
    for panel in axes[:, 0]:
        panel.set_ylabel("|bias| / |exact gradient|")
    figures.legend(drawing, list(dict.fromkeys(table.label)))
    return drawing


def draw(panel, rows, label, size, alpha):
    """One estimator's points; an upper bound hangs an arrow."""
    style = figures.mark(label) | {"linestyle": "none", "markersize": size, "alpha": alpha}
    for seen, part in rows.groupby("seen"):
        panel.errorbar(part.deviation, part.bias, yerr=None if seen else part.bias / 2, uplims=not seen, elinewidth=0.8, capsize=2,
                       **style)


def tables(table):
    """Bias and deviation in percent of the exact gradient's length, with the verdict, for the whole gradient; efficiency of one estimate,
    of the whole gradient and averaged over hidden layers."""
    wide = relative(table)
    wide = wide[wide.group == "all"]
    return pd.DataFrame({
        "problem": wide.problem, "estimator": wide.label.map(figures.words),
        "bias %": np.where(wide.seen, "", "< ") + (100 * wide.bias).map("{:.3g}".format),
        "deviation %": (100 * wide.deviation).map("{:.3g}".format), "cosine": wide.cosine.map("{:.3f}".format),
        "efficiency": wide.efficiency.map("{:.3g}".format), "hidden layers": wide.hidden.map("{:.3g}".format), "verdict": wide.verdict})


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, networks=True)
