"""Which measure of accuracy predicts how well an estimator trains?

Every estimator trains the same networks at the same price, ten passes of the network a step, by Adam and by gradient descent with momentum,
each at its own best of five learning rates, falling to zero; what counts is the exact loss at the end.  Beside it stand its bias, RMSE,
direction and efficiency at checkpoints of training with the exact gradient, means over hidden layers and checkpoints.  A correlation of
one: the more accurate, the lower the loss.  Intervals (95 %) are of a bootstrap over estimators and networks.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.rank import correlation
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Classification, Digits, Points
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of, label_of, words_of
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.exact import Exact
from straightedge.estimators.identity import Identity
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.mve import Mve
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr
from straightedge.experiments.cost import efficiency, layers
from straightedge.experiments.runner.study import Study

KINDS = (Points((5, 5, 5), points=100), Points((6, 6), shape="rings", noise="normal", points=100), Digits((6, 6), points=100))
ESTIMATORS = (StraightThrough(), Zgr(), Mve(), Tempered(0.25, 0.5), Tempered(0.25, 1.0), Tempered(0.5, 0.5), Identity(), ClippedIdentity(),
              Psa(), LocalExpectation(), Disarm(), Reinforce(baseline="leave_one_out", samples=4))
RATES = {"adam": (0.01, 0.03, 0.1, 0.3, 1.0), "momentum": (0.1, 0.3, 1.0, 3.0, 10.0)}
BUDGETS = (10, 100, 1000, 10_000)
MEASURES = {"bias": "bias", "rmse": "RMSE of one estimate", "rmse 10": "RMSE at 10 passes", "length": "length along g", "cosine": "cosine",
            "descent": "P(descent)", "efficiency": "efficiency of one estimate"}
MEASURES |= {f"efficiency {budget}": f"efficiency at {budget} passes" for budget in BUDGETS}
PLOTTED = 1000
METRICS = ("bias2", "variance", "exact2", "along", "descent", "cosine", "evaluations")
NETWORK = ["problem_kind", "problem_widths", "problem_shape", "problem_noise"]
FIELDS = ("kind", "widths", "shape", "noise", "trainer", "optimizer", "rate", "steps", "seed")


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    kinds: Suppressed[tuple[Classification, ...]] = KINDS
    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    rates: Suppressed[tuple[tuple[str, tuple[float, ...]], ...]] = tuple(RATES.items())
    """Learning rates of each optimiser."""
    steps: int = 300
    """Of training."""
    passes: int = 10
    """Of the network, a step; an estimator averages as many estimates as these pay for."""
    checkpoints: tuple[int, ...] = (0, 100, 300)
    """Steps of Adam with the exact gradient after which accuracy is measured."""
    networks: int = 3
    """Initial networks and data sets of each kind."""
    rows: int = 500
    """Sampled estimates of each seed."""
    seeds: int = 2
    """Independent replicates."""


SMOKE = Config((Points((2, 2), points=20),), (StraightThrough(), Zgr(), Psa(), Identity()),
               (("adam", (0.03, 0.1)), ("momentum", (0.3, 1.0))), 20, checkpoints=(0, 20), networks=2, rows=100)
PAPER = Config((*KINDS, Digits((8, 8), points=200), Points((4,) * 5, points=100), Points((8, 8), points=200)), steps=1000, networks=10,
               checkpoints=(0, 100, 300, 1000), rows=2000)


def cells(config):
    """The loss after every course of training, and every estimator's accuracy at every checkpoint."""
    starts = [replace(kind, seed=seed) for kind in config.kinds for seed in range(config.networks)]
    ends = [Cell(replace(start, steps=config.steps, trainer=words_of(trainer), optimizer=optimizer, rate=rate, decay=True,
                         passes=config.passes), Exact(), method="exact")
            for start in starts for trainer in (Exact(), *config.estimators) for optimizer, rates in config.rates for rate in rates]
    places = [replace(start, steps=steps) for start in starts for steps in config.checkpoints]
    accuracy = [Cell(place, estimator, config.rows, config.seeds) for place in places for estimator in config.estimators]
    return [*ends, *accuracy]


def keep(table):
    """The loss at the ends, and what the measures are made of at the checkpoints."""
    ends = table.estimator == "exact"
    return ends & (table.metric == "loss") | ~ends & table.metric.isin(METRICS)


def losses(table):
    """One row for each kind of network, optimiser, trainer (its label) and seed: the loss at the trainer's best rate, by the mean over
    seeds, and that rate."""
    ends = table[(table.estimator == "exact") & (table.metric == "loss")].fillna({"problem_shape": ""})
    keys = [*NETWORK, "problem_optimizer", "problem_trainer"]
    means = ends.groupby([*keys, "problem_rate"], sort=False).value.mean().reset_index()
    best = means.loc[means.groupby(keys, sort=False).value.idxmin(), [*keys, "problem_rate"]]
    found = best.merge(ends, on=[*keys, "problem_rate"])
    labels = {trainer: label_of(estimator_of(trainer)) for trainer in found.problem_trainer.unique()}
    return named(found.assign(label=found.problem_trainer.map(labels)).rename(columns={"value": "loss"}))


def named(frame):
    """With the network's kind in a column of its own."""
    shape = frame.problem_shape.where(frame.problem_shape != "", frame.problem_kind.str.lower())
    noise = (", " + frame.problem_noise).where(frame.problem_noise != "logistic", "")
    return frame.assign(network=shape + " " + frame.problem_widths.astype(str) + noise)


def scores(table):
    """One row for each kind of network, estimator and seed: the measures, means over hidden layers and checkpoints, the higher the better;
    errors as minus their logarithms."""
    wide = layers(table[table.estimator != "exact"])
    bias2 = np.where(wide.bias2 > 0, wide.bias2 / wide.exact2, 0.0)
    found = wide[["label"]].assign(
        bias=-np.log10(np.sqrt(bias2).clip(min=1e-3)), rmse=-np.log10(bias2 + wide.variance) / 2, cosine=wide.cosine, descent=wide.descent,
        length=-np.log10(wide.along.clip(lower=1e-3)).abs(), efficiency=efficiency(wide, 1))
    found["rmse 10"] = -np.log10(bias2 + wide.variance * wide.price / BUDGETS[0]) / 2
    for budget in BUDGETS:
        found[f"efficiency {budget}"] = efficiency(wide, budget / wide.price)
    networks = table.drop_duplicates("problem").set_index("problem")[[*NETWORK, "problem_seed"]].fillna({"problem_shape": ""})
    found = found.join(networks.loc[wide.problem].reset_index(drop=True))
    return named(found.groupby([*NETWORK, "problem_seed", "label"], sort=False).mean().reset_index())


def correlations(table):
    """(optimiser, measure) -> the rank correlation of the measure with minus the final loss."""
    accuracy, ends, found = scores(table), losses(table), {}
    order = list(dict.fromkeys(accuracy.label))

    def cube(frame, column):
        parts = (rows for _, rows in frame.groupby("network", sort=True))
        return np.stack([rows.pivot_table(column, "problem_seed", "label")[order].to_numpy() for rows in parts])

    for optimizer, rows in ends[ends.label != "exact"].groupby("problem_optimizer", sort=False):
        found |= {(optimizer, measure): correlation(cube(accuracy, measure), -cube(rows, "loss")) for measure in MEASURES}
    return found


def figure(table):
    """The correlation of every measure with the final loss, the optimisers side by side."""
    found = correlations(table)
    optimizers = list(dict.fromkeys(optimizer for optimizer, _ in found))
    drawing, axes = figures.panels(1, len(optimizers), 3.2, sharex=True, sharey=True)
    for panel, optimizer in zip(axes[0], optimizers, strict=True):
        for place, measure in enumerate(reversed(MEASURES)):
            one = found[optimizer, measure]
            panel.plot([one.low, one.high], [place, place], color="0.6", linewidth=1.2)
            panel.plot(one.value, place, "o", color="black", markersize=4.5)
            panel.annotate(f"{one.value:.2f}", (one.value, place), (0, 4), textcoords="offset points", ha="center", fontsize=6)
        panel.axvline(0, color="0.7", linewidth=0.6, zorder=0)
        panel.set(xlim=(-1, 1), xlabel="rank correlation with a low final loss", title=optimizer)
        panel.set_yticks(range(len(MEASURES)), list(reversed(MEASURES.values())))
    return drawing


def training(table):
    """The final loss against the efficiency at 1000 passes: a column for each kind of network, a row for each optimiser."""
    accuracy, ends = scores(table), losses(table)
    kinds, optimizers = list(dict.fromkeys(ends.network)), list(dict.fromkeys(ends.problem_optimizer))
    drawing, axes = figures.panels(len(optimizers), len(kinds), 2.3 * len(optimizers) + 0.7, sharex="col", sharey="col")
    for row, optimizer in enumerate(optimizers):
        for panel, kind in zip(axes[row], kinds, strict=True):
            part = ends[(ends.network == kind) & (ends.problem_optimizer == optimizer)]
            for label, rows in part[part.label != "exact"].groupby("label", sort=False):
                x = accuracy[(accuracy.network == kind) & (accuracy.label == label)][f"efficiency {PLOTTED}"].mean()
                ends_of = [[rows.loss.mean() - rows.loss.min()], [rows.loss.max() - rows.loss.mean()]]
                panel.errorbar([x], [rows.loss.mean()], ends_of, elinewidth=0.6, **figures.mark(label) | {"linestyle": "none"})
            panel.axhline(part[part.label == "exact"].loss.mean(), color="black", linewidth=0.8, linestyle=(0, (4, 2)))
            panel.set(yscale="log", title=f"{kind}\n{optimizer}" if row == 0 else optimizer)
    for panel in axes[-1]:
        panel.set_xlabel(f"efficiency at {PLOTTED} passes")
    for panel in axes[:, 0]:
        panel.set_ylabel("exact final loss")
    figures.legend(drawing, [label for label in dict.fromkeys(ends.label) if label != "exact"])
    return drawing


def tables(table):
    """For every kind of network and estimator: passes of one estimate, the efficiency, and the mean final loss with its best rate."""
    accuracy, ends = scores(table), losses(table)
    price = table[(table.metric == "evaluations") & (table.group == "all")].groupby("label").value.mean()
    rows = []
    for kind, part in ends.groupby("network", sort=False):
        for label, own in part.groupby("label", sort=False):
            line = {"network": kind, "estimator": figures.words(label), "passes": f"{price[label]:.3g}" if label in price else ""}
            mine = accuracy[(accuracy.network == kind) & (accuracy.label == label)]
            for name in (f"efficiency {budget}" for budget in BUDGETS):
                line[MEASURES[name]] = f"{mine[name].mean():.3f}" if len(mine) else "1"
            for optimizer, some in own.groupby("problem_optimizer", sort=False):
                line |= {f"loss, {optimizer}": f"{some.loss.mean():.3f} ({some.loss.min():.3f} to {some.loss.max():.3f})",
                         f"best rate, {optimizer}": f"{some.problem_rate.iloc[0]:g}"}
            rows.append(line)
    return pd.DataFrame(rows)


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure, "training": training}, SMOKE, PAPER, tables=tables, keep=keep,
              fields=FIELDS)
