"""Which estimators get worse as training saturates the units?

Networks trained with the exact gradient, with straight-through and with REINFORCE; at every checkpoint every estimator's bias and
standard deviation, all exact, relative to the exact gradient there, whose own length (grey) falls as well.  Lines are medians over
networks, bands the lowest and the highest.  The first checkpoint is the network as initialised.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
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
    """Three rows for each data set, bias, deviation and efficiency; a column for each trainer."""
    wide = relative(table)
    data, trainers = list(dict.fromkeys(wide.data)), list(dict.fromkeys(wide.problem_trainer))
    drawing, axes = figures.panels(len(MEASURES) * len(data), len(trainers), 5.6 * len(data) + 0.5, sharex=True, sharey="row")
    for index, name in enumerate(data):
        for column, trainer in enumerate(trainers):
            part = wide[(wide.data == name) & (wide.problem_trainer == trainer)]
            for panel, measure in zip(axes[3 * index:3 * index + 3, column], MEASURES, strict=True):
                for label, rows in part.groupby("label", sort=False):
                    if (rows[measure] > 0).any():
                        curve(panel, rows.groupby("problem_steps")[measure], **figures.mark(label))
                length(panel, part)
                panel.set_xscale("symlog", linthresh=min(wide.problem_steps[wide.problem_steps > 0]), linscale=0.4)
                panel.set_yscale("log")
            axes[3 * index, column].set_title(f"{name}\ntrained with {figures.words(trainer)}")
        for panel, words in zip(axes[3 * index:3 * index + 3, 0], MEASURES.values(), strict=True):
            panel.set_ylabel(words)
    ticks = sorted(wide.problem_steps.unique())
    for panel in axes[-1]:
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.minorticks_off()
        panel.set_xlabel("steps of training")
    handles = [figures.Line2D([], [], **figures.mark(label)) for label in dict.fromkeys(wide.label)]
    handles.append(figures.Line2D([], [], color="0.6", linewidth=2.5, alpha=0.6))
    names = [*map(figures.words, dict.fromkeys(wide.label)), "|g| / |g| at the start"]
    drawing.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
    return drawing


def curve(panel, groups, **style):
    """The median, and the band from the lowest to the highest network."""
    values = groups.quantile([0, 0.5, 1]).unstack()
    panel.plot(values.index, values[0.5], markersize=3.5, **style)
    panel.fill_between(values.index, values[0.0], values[1.0], color=style["color"], alpha=0.12, linewidth=0)


def length(panel, part):
    """The median length of the exact gradient, relative to that at the beginning."""
    lengths = part.drop_duplicates(["problem_seed", "problem_steps"]).groupby("problem_steps").length.median()
    panel.plot(lengths.index, lengths / lengths.iloc[0], color="0.6", linewidth=2.5, alpha=0.6, zorder=0)


def tables(table):
    """Median bias, deviation and efficiency at the first and at the last checkpoint, and how many times they grew."""
    wide, rows = relative(table), []
    for (data, trainer, label), part in wide.groupby(["data", "problem_trainer", "label"], sort=False):
        line = {"data": data, "trained with": figures.words(trainer), "estimator": figures.words(label)}
        for measure in MEASURES:
            medians = part.groupby("problem_steps")[measure].median()
            line |= {f"{measure} %, start": f"{100 * medians.iloc[0]:.3g}", f"{measure} %, end": f"{100 * medians.iloc[-1]:.3g}",
                     f"{measure}, times": f"{medians.iloc[-1] / medians.iloc[0]:.3g}" if medians.iloc[0] else ""}
        rows.append(line)
    return pd.DataFrame(rows)


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, fields=PROBLEM_FIELDS)
