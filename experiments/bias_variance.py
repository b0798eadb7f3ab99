"""Which error dominates, bias or spread, for each estimator and layer, at initialisation and after training?

|bias| against the standard deviation of one estimate, both over the length |g| of the exact gradient, of the whole gradient; an arrow
goes from the network as initialised to the trained one.  Grey curves join equal RMSE of one estimate; what has no bias, or no deviation,
has a line of its own in the bands of zeros.  Where sampling detects no bias, its 95 % upper bound is drawn, with an arrow down; all else
is exact.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, percent, said
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.figure.plane import Plane
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


def staged(table):
    """`relative` of the whole gradient, with its data and the place of its network in that data's course, 0 the first."""
    wide = relative(table)
    wide = wide[wide.group == "all"].copy()
    wide["data"], wide["stage"] = wide.problem.str.partition(",")[0], wide.problem.str.split(", ").str[1].fillna("")
    order = {problem: place for _, part in wide.groupby("data", sort=False) for place, problem in enumerate(dict.fromkeys(part.problem))}
    return wide.assign(place=wide.problem.map(order))


def figure(table):
    """|bias| against standard deviation, a panel for each data, an arrow from every network to the next of its course."""
    wide = staged(table)
    data = list(dict.fromkeys(wide.data))
    rows, columns = (len(data), 1) if figures.narrow() else (-(-len(data) // 2), min(2, len(data)))
    drawing, axes = figures.panels(rows, columns, (2.7 if figures.narrow() else 3.0) * rows + 0.9, sharex=True, sharey=True)
    plane = Plane(wide.label, wide.deviation, wide.bias)
    for panel, name in zip(axes.flat, data, strict=False):
        part = wide[wide.data == name]
        plane.lay(panel)
        for label, course in part.groupby("label", sort=False):
            plane.course(panel, course, figures.mark(label))
        panel.set_title(f"{name}: {' → '.join(dict.fromkeys(part.stage))}")
    for panel in axes.flat[len(data):]:
        panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel("standard deviation of one estimate / |g|")
    for panel in axes[:, 0]:
        panel.set_ylabel("|bias| / |g|")
    figures.legend(drawing, list(dict.fromkeys(table.label)))
    return drawing


def words(table):
    """What becomes of the least biased of the biased."""
    wide = staged(table)
    found = wide.pivot_table("bias", "label", ["data", "place"], sort=False)
    biased = found[(found > 0).any(axis=1)]
    data = list(dict.fromkeys(wide.data))
    if not len(biased):
        return Words(f"None of the estimators has a bias on {listed(data)}.", "no bias")
    first = biased[[(name, 0) for name in data]].mean(axis=1).idxmin()
    ends = {name: (biased.loc[first, name].iloc[0], biased.loc[first, name].iloc[-1]) for name in data}
    name = said(first)
    if all(len(found[one].columns) == 1 for one in data):
        parts = [f"{percent(end)} on {one}" for one, (_, end) in ends.items()]
        return Words(f"Of the biased, {name} has the least bias: {listed(parts)} of the gradient's length.", parts[0])
    parts = [f"from {percent(start)} to {percent(end)} on {one}" for one, (start, end) in ends.items()]
    grows = all(end > start for start, end in ends.values())
    answer = (f"Training turns a good estimator bad: the bias of {name} grows {listed(parts)}." if grows else
              f"The bias of {name} goes {listed(parts)} in training.")
    one, (_, end) = max(ends.items(), key=lambda item: item[1][1])
    return Words(answer, f"{percent(end)} of |g| is the bias of {name} on {one} once trained.")


def tables(table):
    """Bias and deviation in percent of the exact gradient's length, with the verdict, for the whole gradient; efficiency of one estimate,
    of the whole gradient and averaged over hidden layers: the most efficient first."""
    wide = relative(table)
    wide = wide[wide.group == "all"]
    order = {problem: place for place, problem in enumerate(dict.fromkeys(wide.problem))}
    by = "hidden" if wide.hidden.notna().all() else "efficiency"
    wide = wide.assign(place=wide.problem.map(order)).sort_values(["place", by], ascending=[True, False])
    marks = pd.Series(np.where(wide.seen, "", "< "), wide.index)
    frame = pd.DataFrame({
        "network": wide.problem, "estimator": wide.label.map(figures.words), "bias, % of |g|": aligned(100 * wide.bias, marks=marks),
        "deviation, % of |g|": aligned(100 * wide.deviation), "cosine": aligned(wide.cosine),
        "efficiency, hidden layers": aligned(wide.hidden), "efficiency, all": aligned(wide.efficiency),
        "bias is": wide.verdict.map(known_as)})
    return frame.set_index("network")


def known_as(verdict):
    """How the bias is known, without the number that stands beside it."""
    for start, known_by in (("no bias", "none"), ("bias", "exact" if "exact" in verdict else "detected"), ("not", "not detected")):
        if verdict.startswith(start):
            return known_by
    return verdict


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, networks=True)
