"""Which error dominates, bias or spread, for each estimator and layer, at initialisation and after training?

Relative to the length of the exact gradient: a point left of the diagonal is wrong on average, one right of it is noisy.  A large
marker is the whole gradient, the small ones its layers, the first at the end that bears the number 0.
"""

from dataclasses import dataclass

import numpy as np

from analysis import figure as figures
from analysis.problem import Digits, Points, Problem
from estimators.arm import Arm
from estimators.base import Estimator
from estimators.clipped_identity import ClippedIdentity
from estimators.deterministic import Deterministic
from estimators.identity import Identity
from estimators.mean_field import MeanField
from estimators.reinforce import Reinforce
from estimators.straight_through import StraightThrough
from experiments.cell import Cell, Suppressed

PROBLEMS = (Points(), Points(steps=1000), Digits(), Digits(steps=1000))
ESTIMATORS = (Reinforce(), Reinforce(baseline="leave_one_out", samples=4), Arm(), StraightThrough(), Identity(), ClippedIdentity(),
              Deterministic(), MeanField())


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = PROBLEMS
    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    rows: int = 10_000
    """Estimates of each seed."""
    seeds: int = 10
    """Independent replicates; their spread is the error bar."""


SMOKE = Config((Points((2, 3), points=20), Points((2, 3), points=20, steps=20)), rows=200, seeds=3)


def cells(config):
    """Every estimator on every problem."""
    return [Cell(problem, estimator, config.rows, config.seeds, (1, 100))
            for problem in config.problems for estimator in config.estimators]


def relative(table):
    """|bias| / |g| and standard deviation / |g| for each problem, estimator and group, wide."""
    keys = ["problem", "label", "estimator", "group"]
    wide = table[table.draws == 1].pivot_table("value", keys, "metric", sort=False).reset_index()
    wide["bias"] = np.sqrt(wide.bias2.clip(lower=0) / wide.exact2)
    wide["deviation"] = np.sqrt(wide.variance.clip(lower=0) / wide.exact2)
    return wide


def figure(table):
    """|bias| against standard deviation, one panel a problem."""
    problems, wide = list(dict.fromkeys(table.problem)), relative(table)
    drawing, axes = figures.panels(-(-len(problems) // 2), 2, 3.1 * -(-len(problems) // 2), sharex=True, sharey=True)
    for panel, problem in zip(axes.flat, problems, strict=True):
        figures.equal_error(panel, [a * 10.0**k for k in range(-2, 3) for a in (1, 3)], limit=300)
        for (label, estimator), rows in wide[wide.problem == problem].groupby(["label", "estimator"], sort=False):
            layers, whole = rows[rows.group != "all"], rows[rows.group == "all"]
            style = figures.mark(estimator)
            panel.plot(layers.deviation, layers.bias, linewidth=0.5, markersize=2.5, alpha=0.6, **style)
            panel.plot(whole.deviation, whole.bias, linestyle="none", markersize=7, markeredgecolor="white", label=label, **style)
        panel.set(title=problem, xscale="symlog", yscale="symlog")
        panel.set_xscale("symlog", linthresh=0.01)
        panel.set_yscale("symlog", linthresh=0.01)
    for panel in axes[-1]:
        panel.set_xlabel("standard deviation of one estimate / |exact gradient|")
    for panel in axes[:, 0]:
        panel.set_ylabel("|bias| / |exact gradient|")
    drawing.legend(*axes.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return drawing


def tables(table):
    """Bias and deviation in percent of the exact gradient's length, with the verdict, for the whole gradient."""
    wide = relative(table)
    wide = wide[wide.group == "all"]
    verdicts = table[(table.metric == "bias2") & (table.group == "all")]
    out = wide[["problem", "label"]].rename(columns={"label": "estimator"})
    out["bias %"] = (100 * wide.bias).map("{:.3g}".format)
    out["deviation %"] = (100 * wide.deviation).map("{:.3g}".format)
    out["cosine"] = wide.cosine.map("{:.3f}".format)
    out["verdict"] = verdicts.verdict.to_numpy()
    return out
