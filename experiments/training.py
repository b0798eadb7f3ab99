"""Which estimators get worse as training saturates the units?

Networks trained with the exact gradient, with straight-through and with REINFORCE; at every checkpoint |bias| over the length |g| of the
exact gradient there, and efficiency, the part of an exact step's guaranteed decrease that is kept, averaged over hidden layers; all
exact.  Lines are medians over networks, bands go from the lowest to the highest.  The first checkpoint is the network as initialised.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, percent, said
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.darn import Darn
from straightedge.estimators.identity import Identity
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

PROBLEM_FIELDS = ("trainer", "steps", "seed")
DATA = (Points((5, 5, 5), points=100), Digits((6, 6), points=100))
ESTIMATORS = (StraightThrough(), Identity(), Darn(), Psa(), MeanField(), Reinforce(), Arm())
MEASURES = {"bias": "|bias| / |g|", "deviation": "standard deviation / |g|", "efficiency": "efficiency, hidden layers"}
DRAWN = ("bias", "efficiency")


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = DATA
    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    trainers: tuple[str, ...] = ("exact", "straight_through", "reinforce")
    """The estimators that train, one estimate a step."""
    steps: tuple[int, ...] = (30, 100, 300, 1000)
    """Checkpoints after the first, in steps of Adam."""
    networks: int = 3
    """Initial networks and data sets."""
    rows: int = 2000
    """Sampled estimates of each seed, of estimators without exact moments."""
    seeds: int = 5
    """Independent replicates, of the same."""


SMOKE = Config((Points((2, 3), points=20),), (StraightThrough(), Darn(), Reinforce()), ("exact", "reinforce"), (5, 20), 2)
PAPER = Config(steps=(10, 30, 100, 300, 1000, 3000), networks=20)


def cells(config):
    """Every estimator at every checkpoint of every course of training; the courses have their beginning in common."""
    found = []
    for problem in config.problems:
        for seed in range(config.networks):
            start = replace(problem, seed=seed, trainer=config.trainers[0])
            courses = [replace(start, steps=steps, trainer=trainer) for trainer in config.trainers for steps in config.steps]
            found += [Cell(one, estimator, config.rows, config.seeds, method=way(start, estimator))
                      for one in (start, *courses) for estimator in config.estimators]
    return found


def relative(table):
    """One row for each checkpoint and estimator, of the whole gradient: data, bias and deviation over |g|, and |g|; every trainer has
    the beginning."""
    keys = ["problem", *(f"problem_{field}" for field in PROBLEM_FIELDS), "label"]
    wide = table[(table.group == "all") & (table.draws == 1)].pivot_table("value", keys, "metric", sort=False).reset_index()
    wide["data"] = wide.problem.str.partition(",")[0]
    wide["length"] = np.sqrt(wide.exact2)
    for name, square in (("bias", wide.bias2), ("deviation", wide.variance)):
        value = np.sqrt(square.clip(lower=0)) / wide.length
        wide[name] = value.where(value > 1e-9, 0.0)
    hidden = table[(table.group == "hidden") & (table.metric == "efficiency") & (table.draws == 1)].set_index(keys)["value"]
    wide["efficiency"] = hidden.reindex(pd.MultiIndex.from_frame(wide[keys])).to_numpy()
    first = wide[wide.problem_steps == 0]
    trainers = wide.problem_trainer.unique()
    return pd.concat([wide[wide.problem_steps > 0], *(first.assign(problem_trainer=name) for name in trainers)], ignore_index=True)


def figure(table):
    """Bias and efficiency, two rows for each data set and a column for each trainer; in one column of a page a column for each data set,
    of the first trainer."""
    wide = relative(table)
    data, trainers = list(dict.fromkeys(wide.data)), list(dict.fromkeys(wide.problem_trainer))
    if figures.narrow():
        trainers = trainers[:1]
        drawing, axes = figures.panels(2, len(data), 4.9, sharex=True, sharey="row")
        places = {(name, trainer, measure): axes[row, column] for row, measure in enumerate(DRAWN) for column, name in enumerate(data)
                  for trainer in trainers}
    else:
        drawing, axes = figures.panels(2 * len(data), len(trainers), 3.3 * len(data) + 0.9, sharex=True, sharey="row")
        places = {(name, trainer, measure): axes[2 * index + row, column] for row, measure in enumerate(DRAWN)
                  for index, name in enumerate(data) for column, trainer in enumerate(trainers)}
    for (name, trainer, measure), panel in places.items():
        part = wide[(wide.data == name) & (wide.problem_trainer == trainer)]
        for label, rows in part.groupby("label", sort=False):
            if (rows[measure] > 0).any():
                curve(panel, rows.groupby("problem_steps")[measure], **figures.mark(label))
        panel.set_xscale("symlog", linthresh=min(wide.problem_steps[wide.problem_steps > 0]), linscale=0.4)
        panel.set_yscale("log")
        if measure == DRAWN[0]:
            panel.set_title(f"{name}\ntrained with {figures.words(trainer)}")
        if panel in axes[:, 0]:
            panel.set_ylabel(MEASURES[measure])
    ticks = sorted(wide.problem_steps.unique())
    for panel in axes[-1]:
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.minorticks_off()
        panel.set_xlabel("steps of training")
    figures.legend(drawing, list(dict.fromkeys(wide.label)))
    return drawing


def curve(panel, groups, **style):
    """The median, and the band from the lowest to the highest network."""
    values = groups.quantile([0, 0.5, 1]).unstack()
    panel.plot(values.index, values[0.5], markersize=3.5, **style)
    panel.fill_between(values.index, values[0.0], values[1.0], color=style["color"], alpha=0.12, linewidth=0)


def words(table):
    """How many biases grow, and whose stays least, along the first trainer's course."""
    wide = relative(table)
    wide = wide[wide.problem_trainer == wide.problem_trainer.iloc[0]]
    medians = wide.groupby(["data", "label", "problem_steps"], sort=False).bias.median().unstack().sort_index(axis=1)
    biased = medians[(medians > 0).any(axis=1)]
    if not len(biased):
        return Words("None of the estimators has a bias.", "no bias")
    worse = (biased.iloc[:, -1] > biased.iloc[:, 0]).groupby("label", sort=False).all()
    best = biased.iloc[:, -1].groupby("label").max().idxmin()
    parts = [f"from {percent(row.iloc[0])} to {percent(row.iloc[-1])} on {name}" for name, row in biased.xs(best, level="label").iterrows()]
    count = "Every biased estimator gets" if worse.all() else f"{worse.sum()} of {len(worse)} biased estimators get"
    return Words(f"{count} worse in {wide.problem_steps.max()} steps; least {said(best)}, whose bias goes {listed(parts)}.",
                 f"the bias of {said(best)}, the least at the end, goes {parts[0]}.")


def tables(table):
    """Median bias, deviation and efficiency at the first and at the last checkpoint, the most efficient at the end first."""
    wide, rows = relative(table), []
    for (data, trainer, label), part in wide.groupby(["data", "problem_trainer", "label"], sort=False):
        line = {"data": data, "trained with": figures.words(trainer), "estimator": figures.words(label)}
        for measure in MEASURES:
            medians = 100 * part.groupby("problem_steps")[measure].median()
            line |= {f"{measure} %, step {medians.index[place]}": medians.iloc[place] for place in (0, -1)}
        rows.append(line)
    found, groups = pd.DataFrame(rows), ["data", "trained with"]
    numbers = [name for name in found if "%" in name]
    order = {name: place for column in groups for place, name in enumerate(dict.fromkeys(found[column]))}
    found = found.sort_values([*groups, numbers[-1]], key=lambda column: column.map(order) if column.name in groups else -column,
                              kind="stable")
    return found.assign(**{name: aligned(found[name]) for name in numbers}).set_index(groups)


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, fields=PROBLEM_FIELDS)
