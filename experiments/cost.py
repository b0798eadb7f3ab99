"""Which estimator gets the most of an exact step for what it costs?

Efficiency, the part of an exact step's guaranteed decrease that a step along the estimate keeps, averaged over hidden layers, of the mean
of M estimates against the passes of the network that they take, M from 1 to 10 000; every estimator that suits the network.  The frontier,
the most for each price, is drawn heavy and named; thin lines are the frontiers of the families.  Bias and variance are exact where they
can be, else sampled; a bias known but for an upper bound counts as that bound.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import known
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, said
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.figure.price import gain, layers
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
    shape = (len(problems), 1) if figures.narrow() else (-(-len(problems) // 2), min(2, len(problems)))
    drawing, axes = figures.panels(*shape, 2.5 * shape[0] + 1.0, sharex=True, sharey=True)
    for panel, problem in zip(axes.flat, problems, strict=False):
        part = wide[wide.problem == problem]
        for family, rows in part.groupby(families, sort=False):
            prices, gains, _ = frontier(rows)
            panel.plot(prices, gains, color=figures.colour(family), linewidth=0.9)
        best(panel, *frontier(part))
        panel.set(xscale="log", ylim=(0, 1.1), title=problem)
    for panel in axes.flat[len(problems):]:
        panel.set_axis_off()
    for panel in axes[-1]:
        panel.set_xlabel("passes of the network, for all M estimates")
    for panel in axes[:, 0]:
        panel.set_ylabel("efficiency, hidden layers")
    names = list(dict.fromkeys(families))
    figures.legend(drawing, names, names, [figures.Line2D([], [], color=figures.colour(family)) for family in names])
    return drawing


def words(table):
    """Who gets the most for each budget, on the last of the networks."""
    wide = layers(table)
    problem = list(dict.fromkeys(wide.problem))[-1]
    prices, gains, labels = frontier(wide[(wide.problem == problem) & (wide.price > 0)])
    places = {budget: int(np.abs(np.log(prices / budget)).argmin()) for budget in BUDGETS[:3]}
    found: dict[str, list[str]] = {}
    for budget, place in places.items():
        found.setdefault(said(labels[place]), []).append(f"{budget} ({gains[place]:.2f})")
    answer = f"On {problem}, the most efficient for so many passes is {listed(f'{one} for {listed(some)}' for one, some in found.items())}."
    place = places[BUDGETS[0]]
    return Words(answer, f"{gains[place]:.2f} of an exact step is the most that {BUDGETS[0]} passes buy there, with {said(labels[place])}.")


def best(panel, prices, gains, labels):
    """The frontier, each stretch in its estimator's colour and with its name above it."""
    change = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    for start, stop in zip([0, *change], [*change, len(labels)], strict=True):
        label, part = labels[start], slice(start, min(stop + 1, len(labels)))
        colour = figures.mark(label)["color"]
        panel.plot(prices[part], gains[part], color=colour, linewidth=2.6, solid_capstyle="butt")
        if stop - start >= 60:
            middle = (start + stop) // 2
            panel.annotate(figures.words(label), (prices[middle], gains[middle]), (-4, 5), textcoords="offset points", ha="right",
                           fontsize=6.5, color=colour)


def tables(table):
    """Efficiency and RMSE at equal passes, the most efficient for the middle budgets first, and the paired difference of the squared errors
    of one estimate."""
    wide, parts, records = relative(table), dict(list(layers(table).groupby(["problem", "label"]))), []
    paired = table[(table.group == "all") & (table.metric == "mse_difference") & (table.draws == 1)].set_index(["problem", "label"])
    for _, row in wide.iterrows():
        line = {"network": row.problem, "estimator": figures.words(row.label), "passes": row.evaluations}
        draws = {budget: budget / row.evaluations if row.evaluations else np.inf for budget in BUDGETS}
        own = parts[row.problem, row.label]
        line |= {f"efficiency, {budget} passes": gain(own, m) if m >= 1 else np.nan for budget, m in draws.items()}
        line |= {f"RMSE / |g|, {budget} passes": np.sqrt(row.bias2 + row.variance / m) if m >= 1 else np.nan for budget, m in draws.items()}
        pair = paired.loc[(row.problem, row.label)] if (row.problem, row.label) in paired.index else None
        line["MSE / |g|² less REINFORCE LOO's, M = 1"] = np.nan if pair is None else pair.value / row.exact2
        line["±"] = np.nan if pair is None else (pair.high - pair.low) / 2 / row.exact2
        records.append(line)
    found = pd.DataFrame(records)
    order = {problem: place for place, problem in enumerate(dict.fromkeys(found.network))}
    middle = found[[f"efficiency, {budget} passes" for budget in BUDGETS[1:3]]].mean(axis=1)
    found = found.assign(place=found.network.map(order), middle=middle).sort_values(["place", "middle"], ascending=[True, False])
    numbers = [name for name in found if name not in ("network", "estimator", "place", "middle")]
    return found.drop(columns=["place", "middle"]).assign(**{name: aligned(found[name]) for name in numbers}).set_index("network")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, against=AGAINST,
              networks=True)
