"""Which measure of accuracy predicts how well an estimator trains?

Every estimator trains the same networks at the same price, ten passes of the network a step, by Adam and by gradient descent with momentum,
each at its own best of five learning rates, falling to zero; what counts is the exact loss at the end.  Beside it stand its bias, RMSE,
direction and efficiency at checkpoints of training with the exact gradient, means over hidden layers and checkpoints.  A rank correlation
of one: the more accurate, the lower the loss.  Intervals (95 %) are of a bootstrap over estimators and networks.  `training` shows each
estimator's final loss, bars from the least to the greatest network, and broken that of the exact gradient.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.rank import correlation
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import said, sentence, short
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.figure.trained import BUDGETS, losses, scores
from straightedge.analysis.problem.classification import Classification, Digits, Points
from straightedge.estimators.adaptive_tempered import AdaptiveTempered
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import words_of
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.exact import Exact
from straightedge.estimators.identity import Identity
from straightedge.estimators.last_flips import LastFlips
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.mve import Mve
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr
from straightedge.experiments.runner.study import Study

KINDS = (Points((5, 5, 5), points=100), Points((6, 6), shape="rings", noise="normal", points=100), Digits((6, 6), points=100))
ESTIMATORS = (StraightThrough(), Zgr(), Mve(), Tempered(0.25, 0.5), Tempered(0.25, 1.0), Tempered(0.5, 0.5), AdaptiveTempered(), Identity(),
              ClippedIdentity(), LastFlips(), LastFlips(0.25, 0.5), Psa(), LocalExpectation(), Disarm(),
              Reinforce(baseline="leave_one_out", samples=4))
RATES = {"adam": (0.01, 0.03, 0.1, 0.3, 1.0), "momentum": (0.1, 0.3, 1.0, 3.0, 10.0)}
MEASURES = {"bias": "bias", "rmse": "RMSE of one estimate", "rmse 10": "RMSE at 10 passes", "length": "length along g", "cosine": "cosine",
            "descent": "P(descent)", "efficiency": "efficiency of one estimate"}
MEASURES |= {f"efficiency {budget}": f"efficiency at {budget} passes" for budget in BUDGETS}
PLOTTED = 1000
METRICS = ("bias2", "variance", "exact2", "along", "descent", "cosine", "evaluations")
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
    shape = (len(optimizers), 1) if figures.narrow() else (1, len(optimizers))
    drawing, axes = figures.panels(*shape, 2.6 * shape[0] + 0.4, sharex=True, sharey=True)
    for panel, optimizer in zip(axes.flat, optimizers, strict=True):
        for place, measure in enumerate(reversed(MEASURES)):
            one = found[optimizer, measure]
            panel.plot([one.low, one.high], [place, place], color="0.6", linewidth=1.2)
            panel.plot(one.value, place, "o", color="black", markersize=4)
        panel.axvline(0, color="0.7", linewidth=0.6, zorder=0)
        panel.set(xlim=(-1, 1), xlabel="rank correlation with a low final loss", title=optimizer)
        panel.set_yticks(range(len(MEASURES)), list(reversed(MEASURES.values())))
    return drawing


def words(table):
    """The measure that predicts best under the optimiser where it predicts worst, and the bias beside it."""
    found = correlations(table)
    worst = {measure: min((found[one] for one in found if one[1] == measure), key=lambda one: one.value) for measure in MEASURES}
    best, bias = max(worst, key=lambda measure: worst[measure].value), worst["bias"]
    one = worst[best]
    return Words(f"{sentence(MEASURES[best])} goes best with how well an estimator trains: rank correlation {short(one.value)} "
                 f"({short(one.low)} to {short(one.high)}); the bias {short(bias.value)} ({short(bias.low)} to {short(bias.high)}).",
                 f"{short(one.value)} ({short(one.low)} to {short(one.high)}), the correlation of {MEASURES[best]} with a low final loss.")


def training(table):
    """The final loss against the efficiency at 1000 passes: a column for each kind of network, a row for each optimiser."""
    accuracy, ends = scores(table), losses(table)
    kinds, optimizers = list(dict.fromkeys(ends.network)), list(dict.fromkeys(ends.problem_optimizer))
    shape = (len(kinds), len(optimizers)) if figures.narrow() else (len(optimizers), len(kinds))
    drawing, axes = figures.panels(*shape, 1.9 * shape[0] + 1.0, sharex=True, sharey="row" if figures.narrow() else "col")
    for row, optimizer in enumerate(optimizers):
        for panel, kind in zip(axes[:, row] if figures.narrow() else axes[row], kinds, strict=True):
            part = ends[(ends.network == kind) & (ends.problem_optimizer == optimizer)]
            for label, rows in part[part.label != "exact"].groupby("label", sort=False):
                x = accuracy[(accuracy.network == kind) & (accuracy.label == label)][f"efficiency {PLOTTED}"].mean()
                ends_of = [[rows.loss.mean() - rows.loss.min()], [rows.loss.max() - rows.loss.mean()]]
                panel.errorbar([x], [rows.loss.mean()], ends_of, elinewidth=0.6, **figures.mark(label) | {"linestyle": "none"})
            panel.axhline(part[part.label == "exact"].loss.mean(), color="black", linewidth=0.8, linestyle=(0, (4, 2)))
            panel.set(yscale="log", title=f"{kind}\n{optimizer}")
            figures.decimal(panel.yaxis)
    for panel in axes[-1]:
        panel.set_xlabel(f"efficiency at {PLOTTED} passes")
    for panel in axes[:, 0]:
        panel.set_ylabel("exact final loss")
    figures.legend(drawing, [label for label in dict.fromkeys(ends.label) if label != "exact"])
    return drawing


def trained(table):
    """Who trains to the lowest loss: the mean over kinds of network and optimisers of the logarithm of the loss."""
    ends = losses(table)
    means = np.log(ends.groupby(["label", "network", "problem_optimizer"]).loss.mean()).groupby("label").mean()
    ratio = np.exp(means - means["exact"]).drop("exact").sort_values()
    first, last = ((said(ratio.index[place]), short(ratio.iloc[place])) for place in (0, -1))
    return Words(f"At the price of {BUDGETS[0]} passes a step, {first[0]} trains to the lowest loss: {first[1]} times that of the exact "
                 f"gradient, geometric mean over settings; {last[0]} is last, {last[1]} times.",
                 f"{first[1]} times the loss of the exact gradient, with {first[0]}.")


def tables(table):
    """For every kind of network and estimator: passes of one estimate, the efficiency, and the mean final loss with its best rate, the most
    efficient at the plotted price first."""
    accuracy, ends = scores(table), losses(table)
    price, rows = table[(table.metric == "evaluations") & (table.group == "all")].groupby("label").value.mean(), []
    for (kind, label), own in ends.groupby(["network", "label"], sort=False):
        mine = accuracy[(accuracy.network == kind) & (accuracy.label == label)]
        line = {"network": kind, "estimator": figures.words(label), "passes": price.get(label, np.nan)}
        line |= {MEASURES[name]: mine[name].mean() if len(mine) else 1.0 for name in (f"efficiency {budget}" for budget in BUDGETS)}
        for optimizer, some in own.groupby("problem_optimizer", sort=False):
            line |= {f"loss, {optimizer}": some.loss.mean(), f"range, {optimizer}": f"{some.loss.min():.3f} to {some.loss.max():.3f}",
                     f"best rate, {optimizer}": f"{some.problem_rate.iloc[0]:g}"}
        rows.append(line)
    found = pd.DataFrame(rows)
    order = {kind: place for place, kind in enumerate(dict.fromkeys(found.network))}
    by = MEASURES[f"efficiency {PLOTTED}"]
    found = found.assign(place=found.network.map(order)).sort_values(["place", by], ascending=[True, False]).drop(columns="place")
    numbers = found.select_dtypes("number").columns
    return found.assign(**{name: aligned(found[name]) for name in numbers}).set_index("network")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words), "training": Picture(training, trained)}, SMOKE, PAPER,
              tables=tables, keep=keep, fields=FIELDS)
