"""Which estimator gets the most of an exact step for what it costs?

Efficiency, averaged over hidden layers, of the mean of M estimates against the passes of the network that they take, M from 1 to 10 000;
every estimator that suits the network.  The frontier, the most for each price, is drawn heavy and named; thin lines are the frontiers of
the families.  Bias and variance are exact where they can be, else sampled; a bias known but for an upper bound counts as that bound.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.reinforce import Reinforce
from straightedge.experiments.runner.study import Study

AGAINST = Reinforce(baseline="leave_one_out", samples=4)
DRAWS = np.logspace(0, 4, 161)
BUDGETS = (10, 100, 1000, 10_000)


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = (Points((5, 5, 5), points=100), Points((5, 5, 5), points=100, steps=200))
    estimators: Suppressed[tuple[Estimator, ...] | None] = None
    """All of them if not given."""
    rows: int = 2000
    """Sampled estimates of each seed."""
    seeds: int = 5
    """Independent replicates."""


FEW = ("exact", "straight_through", "gumbel_softmax", "reinforce", "arm", "mean_field")
SMOKE = Config((Points((2, 2), points=10),), tuple(registry()[name]() for name in FEW), 200, 3)
PAPER = Config(tuple(Points((5, 5, 5), points=100, steps=steps) for steps in (0, 50, 200, 500)), rows=20_000, seeds=20)


def cells(config):
    """Every estimator that suits the problem, and what they are held against."""
    chosen = config.estimators or tuple(kind() for name, kind in registry().items() if entries()[name].own)
    return [Cell(problem, estimator, config.rows, config.seeds, (1, 100)) for problem in config.problems
            for estimator in dict.fromkeys((*chosen, AGAINST)) if suits(estimator, problem)]


def suits(estimator, problem):
    """Whether the estimator has a meaning for the problem's network."""
    try:
        estimator.check(problem.build())
    except Unsuitable:
        return False
    return True


def relative(table):
    """One row for each problem and estimator: cost of one estimate, bias2 and variance over |g|^2, and bound, up to which bias2 may
    go; all of the whole gradient."""
    plain = table[(table.group == "all") & table.against.isna()]
    keys = ["problem", "label", "estimator"]
    wide = plain[plain.draws == 1].pivot_table("value", keys, "metric", sort=False).reset_index()
    square = plain[plain.metric == "bias2"].set_index(keys).loc[list(map(tuple, wide[keys].to_numpy()))]
    seen = known(square).to_numpy()
    claimed = wide.estimator.map({name: kind.unbiased for name, kind in registry().items()}).to_numpy()
    wide["bias2"] = np.where(claimed, 0.0, np.where(seen, wide.bias2, 0.0)) / wide.exact2
    wide["bound"] = np.where(claimed | seen, 0.0, square.high.clip(lower=0)) / wide.exact2
    wide["variance"] = wide.variance.clip(lower=0) / wide.exact2
    return wide


def layers(table):
    """One row for each problem, estimator and hidden layer: price of an estimate, and of its mean A2, the square along the gradient,
    and whole2, the square of its length, and its variance, all over |g|^2; exact for what promises to have no bias."""
    plain = table[table.draws == 1]
    plain = plain[plain.against.isna()] if "against" in plain else plain
    price = plain[(plain.group == "all") & (plain.metric == "evaluations")].set_index(["problem", "label"]).value
    part = plain[plain.group.str.startswith("layer")]
    part = part[part.group != part.groupby("problem").group.transform("max")]
    keys = ["problem", "label", "estimator", "group"]
    wide = part.pivot_table("value", keys, "metric", sort=False).reset_index()
    square = part[part.metric == "bias2"].set_index(keys).loc[list(map(tuple, wide[keys].to_numpy()))]
    bias2 = np.where(known(square), square.value, square.high.clip(lower=0))
    promised = wide.estimator.map({name: kind.unbiased for name, kind in registry().items()}).to_numpy(bool)
    along = np.where(promised, 1.0, wide.along)
    wide["A2"] = along**2
    wide["whole2"] = np.where(promised, 1.0, np.maximum(bias2 / wide.exact2 + 2 * along - 1, along**2))
    wide["variance"] = wide.variance.clip(lower=0) / wide.exact2
    wide["price"] = price.loc[list(map(tuple, wide[["problem", "label"]].to_numpy()))].to_numpy()
    return wide


def efficiency(rows, draws):
    """The efficiency of the mean of this number of estimates, of each row of `layers`; draws may be a column too."""
    return rows.A2 / (rows.whole2 + rows.variance / draws)


def gain(rows, draws):
    """The efficiency of the mean of these numbers of estimates, averaged over the layers, the rows of one estimator."""
    return np.mean([row.A2 / (row.whole2 + row.variance / draws) for row in rows.itertuples()], axis=0)


def frontier(wide):
    """(prices, the greatest efficiency at each, the label of the estimator that has it), of the layers of one problem."""
    prices = wide.price.min() * np.logspace(0, np.log10(DRAWS[-1]), 600)
    labels, gains = [], []
    for label, rows in wide.groupby("label", sort=False):
        found = np.interp(np.log(prices), np.log(rows.price.iloc[0] * DRAWS), gain(rows, DRAWS), left=0.0)
        labels.append(label)
        gains.append(found)
    gains = np.array(gains)
    return prices, gains.max(0), np.array(labels)[gains.argmax(0)]


def figure(table):
    """The frontier of each problem, and those of the families."""
    wide = layers(table)
    wide = wide[wide.price > 0]
    families = wide.estimator.map({name: kind.family for name, kind in registry().items()})
    problems = list(dict.fromkeys(wide.problem))
    drawing, axes = figures.panels(1, len(problems), 3.4, sharex=True, sharey=True)
    for panel, problem in zip(axes[0], problems, strict=True):
        part = wide[wide.problem == problem]
        for family, rows in part.groupby(families, sort=False):
            prices, gains, _ = frontier(rows)
            panel.plot(prices, gains, color=figures.COLOURS.get(family, figures.COLOURS["other"]), linewidth=0.9)
        best(panel, *frontier(part))
        panel.set(xscale="log", ylim=(0, 1.02), title=problem, xlabel="passes of the network, for all M estimates")
    axes[0, 0].set_ylabel("efficiency, hidden layers")
    handles = [figures.Line2D([], [], color=figures.COLOURS.get(family, figures.COLOURS["other"])) for family in dict.fromkeys(families)]
    drawing.legend(handles, dict.fromkeys(families), loc="outside lower center", ncols=4, frameon=False)
    return drawing


def best(panel, prices, gains, labels):
    """The frontier, each stretch in its estimator's colour and with its name above it."""
    change = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    for start, stop in zip([0, *change], [*change, len(labels)], strict=True):
        label, part = labels[start], slice(start, min(stop + 1, len(labels)))
        colour = figures.mark(label)["color"]
        panel.plot(prices[part], gains[part], color=colour, linewidth=2.6, solid_capstyle="butt")
        if stop - start >= 40:
            middle = (start + stop) // 2
            panel.annotate(figures.words(label), (prices[middle], gains[middle]), (-4, 5), textcoords="offset points", ha="right",
                           fontsize=7, color=colour)


def tables(table):
    """Efficiency and RMSE at equal passes, and the paired difference of the squared errors of one estimate."""
    wide, parts, records = relative(table), dict(list(layers(table).groupby(["problem", "label"]))), []
    paired = table[(table.group == "all") & (table.metric == "mse_difference") & (table.draws == 1)].set_index(["problem", "label"])
    for _, row in wide.iterrows():
        line = {"problem": row.problem, "estimator": figures.words(row.label), "passes": f"{row.evaluations:.3g}"}
        for budget in BUDGETS:
            draws = budget / row.evaluations if row.evaluations else np.inf
            paid = draws >= 1
            line[f"efficiency, {budget} passes"] = f"{gain(parts[row.problem, row.label], draws):.3g}" if paid else ""
            line[f"RMSE, {budget} passes"] = f"{np.sqrt(row.bias2 + row.variance / draws):.3g}" if paid else ""
        if (row.problem, row.label) in paired.index:
            pair = paired.loc[(row.problem, row.label)]
            value, half = pair.value / row.exact2, (pair.high - pair.low) / 2 / row.exact2
            line["MSE less that of REINFORCE LOO, M = 1"] = f"{value:.3g}" + (f" ± {half:.1g}" if half else "")
        records.append(line)
    return pd.DataFrame(records).fillna("")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, against=AGAINST, networks=True)
