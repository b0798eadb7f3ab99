"""Which Walsh degrees of the loss does each estimator get right, and does it matter how the loss is written?

A function of one Walsh degree is a sum of products of so many units.  Random ones of six units, four writings of each, equal on the states:
with powers of a unit up to the number at the left; power 1 is the multi-affine writing, linear in every unit.  The exact gradient is one.
Straight-through is right for the multi-affine writing and for no other, DARN where no unit has a power over 2; FouST, whose units all stand
between their states at once, is shrunk by 2^(1 - degree).  Root mean squares over functions, over the length |g| of the exact gradient;
FouST is sampled, < stands before an upper bound, the others are exact.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.heat import heat
from straightedge.analysis.figure.name import listed, percent, said
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.writing import Writing
from straightedge.estimators.base import Estimator
from straightedge.estimators.darn import Darn
from straightedge.estimators.foust import Foust
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

NONE = 1e-6
MEASURES = {"bias": "|bias| / |g|", "deviation": "standard deviation / |g|"}


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
    """Maps of degree by writing, relative bias and relative deviation of each estimator."""
    found = relative(table)
    labels = list(dict.fromkeys(found.label))
    shape = (len(labels), 2) if figures.narrow() else (2, len(labels))
    drawing, axes = figures.panels(*shape, 1.75 * shape[0] + 0.6, sharex=True, sharey=True)
    for place, label in enumerate(labels):
        part = found[found.label == label]
        for panel, (measure, name) in zip(axes[place] if figures.narrow() else axes[:, place], MEASURES.items(), strict=True):
            grid, seen = (part.pivot(index="problem_power", columns="problem_degree", values=one) for one in (measure, "seen"))
            sure = seen.to_numpy() >= 0.5 if measure == "bias" else np.ones(grid.shape, bool)
            values = grid.to_numpy()
            texts = [[number(value, told) for value, told in zip(*row, strict=True)] for row in zip(values, sure, strict=True)]
            shade = np.log(values.clip(0.03, 1e4) / 0.03) / np.log(8000)
            heat(panel, shade, texts, [*map(str, grid.columns)], [*map(str, grid.index)], upward=True)
            panel.set_title(f"{figures.words(label)}: {name}" if not figures.narrow() else f"{figures.words(label)}:\n{name}")
    for panel in axes[-1]:
        panel.set_xlabel("Walsh degree of the loss")
    for panel in axes[:, 0]:
        panel.set_ylabel("highest power of a unit")
    return drawing


def number(value, seen):
    """A value of a map; an upper bound where no bias was seen."""
    return "0" if value < NONE else f"{value:.0f}" if value >= 100 else f"{value:.2g}" if seen else f"<{value:.1g}"


def words(table):
    """Who is right in the multi-affine writing, and what another writing of the same function does."""
    found = relative(table)
    affine = found[found.problem_power == 1].groupby("label", sort=False).bias.max()
    right = [said(label) for label, worst in affine.items() if worst < NONE]
    label = affine.index[0]
    worst = found[(found.label == label) & (found.problem_power > 1)]
    worst = worst.loc[worst.bias.idxmax()]
    if worst.bias < NONE:
        return Words(f"Right for every degree, however the loss is written: {listed(right)}.", "no bias.")
    verb = "are" if len(right) > 1 else "is"
    answer = (f"In the multi-affine writing {listed(right)} {verb} right for every degree; with powers up to {worst.problem_power} "
              f"the same loss costs {said(label)} a bias of up to {percent(worst.bias)}." if right else
              "No estimator is right for every degree, even in the multi-affine writing.")
    return Words(answer, f"{percent(worst.bias)} of |g|, the bias of {said(label)} that rewriting the loss brings.")


def tables(table):
    """The scale of the mean estimate, <E row, g> / |g|^2, for the multi-affine writing of each degree."""
    found = relative(table)
    wide = found[found.problem_power == 1].pivot_table("along", "label", "problem_degree", sort=False)
    frame = pd.DataFrame({"estimator": [figures.words(label) for label in wide.index]})
    for degree in wide:
        frame[f"scale, degree {degree}"] = wide[degree].map("{:.3f}".format).to_numpy()
    return frame


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables,
              fields=("degree", "power", "seed"))
