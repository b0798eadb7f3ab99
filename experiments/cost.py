"""Which estimator gives the most accurate gradient for what it costs?

RMSE of the mean of M estimates, M from 1 to 10 000, against the passes and the seconds that these M take; every estimator that suits
the network.  Bias and variance are exact where they can be, else sampled; a line is broken where its floor, the bias, is not known
but for an upper bound.  The frontier, the least error for each cost, is drawn heavy and named.  Seconds are of rows drawn many at a time.
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
AXES = {"evaluations": "passes of the network", "seconds": "seconds"}
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


def curve(row, axis):
    """(cost, RMSE / |g|, whether the bias is known well enough) of the mean of M estimates, for every M of DRAWS."""
    square = row.bias2 + row.variance / DRAWS
    return row[axis] * DRAWS, np.sqrt(square), row.bound < square


def frontier(rows, axis):
    """(costs, least error at each, label of the estimator that has it); an estimate without variance need not be drawn again."""
    costs = rows[axis].min() * np.logspace(0, np.log10(DRAWS[-1]), 600)
    errors = []
    for _, row in rows.iterrows():
        cost, error, known = curve(row, axis)
        error = np.where(known, error, np.inf)
        errors.append(np.interp(np.log(costs), np.log(cost), error, left=np.inf, right=error[-1]))
    errors = np.array(errors)
    return costs, errors.min(0), rows.label.to_numpy()[errors.argmin(0)]


def figure(table):
    """RMSE against cost: a row for each problem, a column for passes and for seconds."""
    wide = relative(table)
    problems = list(dict.fromkeys(wide.problem))
    drawing, axes = figures.panels(len(problems), 2, 3.1 * len(problems) + 0.4, sharex="col", sharey="row")
    for index, problem in enumerate(problems):
        whole = wide[wide.problem == problem]
        rows = whole[whole.estimator != "exact"]
        for panel, axis in zip(axes[index], AXES, strict=True):
            for _, row in rows.iterrows():
                cost, error, known = curve(row, axis)
                style = {"color": figures.mark(row.label)["color"], "linewidth": 0.7, "alpha": 0.55}
                panel.plot(cost, np.where(known, error, np.nan), **style)
                panel.plot(cost, np.where(known, np.nan, error), **style | {"linestyle": ":"})
            costs, errors, labels = frontier(rows, axis)
            best(panel, costs, errors, labels)
            panel.set(xscale="log", yscale="log", xlim=(costs[0] / 12, costs[-1]), title=problem)
        seconds = whole[whole.estimator == "exact"].seconds
        for value in seconds:
            axes[index, 1].axvline(value, color="black", linewidth=0.8, linestyle=(0, (4, 2)))
            axes[index, 1].annotate("exact gradient", (value, 0.98), (3, 0), xycoords=("data", "axes fraction"),
                                    textcoords="offset points", fontsize=7, va="top")
        ends = frontier(rows, "evaluations")[1]
        axes[index, 0].set(ylabel="RMSE / |g|", ylim=(ends.min() / 2, 4 * ends.max()))
    for panel, name in zip(axes[-1], AXES.values(), strict=True):
        panel.set_xlabel(f"{name}, for all M estimates")
    families = dict.fromkeys(registry()[name].family for name in wide.estimator if name != "exact")
    handles = [figures.Line2D([], [], color=figures.COLOURS.get(family, figures.COLOURS["other"])) for family in families]
    drawing.legend(handles, families, loc="outside lower center", ncols=5, frameon=False)
    return drawing


def best(panel, costs, errors, labels):
    """The frontier, each stretch in its estimator's colour and with its name."""
    change, last = np.flatnonzero(labels[1:] != labels[:-1]) + 1, np.inf
    for start, stop in zip([0, *change], [*change, len(labels)], strict=True):
        label, part = labels[start], slice(start, min(stop + 1, len(labels)))
        panel.plot(costs[part], errors[part], color=figures.mark(label)["color"], linewidth=2.6, solid_capstyle="butt")
        if stop - start >= 15:
            middle = (start + stop) // 2
            below = -3 if errors[middle] < 0.8 * last else -12  # clear of the name before
            last = errors[middle]
            panel.annotate(figures.words(label), (costs[middle], errors[middle]), (-4, below), textcoords="offset points", ha="right",
                           va="top", fontsize=7, color=figures.mark(label)["color"])


def tables(table):
    """RMSE at equal passes, and the paired difference of the squared errors of one estimate."""
    wide, records = relative(table), []
    paired = table[(table.group == "all") & (table.metric == "mse_difference") & (table.draws == 1)].set_index(["problem", "label"])
    for _, row in wide.iterrows():
        line = {"problem": row.problem, "estimator": figures.words(row.label), "passes": f"{row.evaluations:.3g}",
                "microseconds": f"{1e6 * row.seconds:.3g}"}
        for budget in BUDGETS:
            draws = budget / row.evaluations if row.evaluations else np.inf
            line[f"RMSE, {budget} passes"] = f"{np.sqrt(row.bias2 + row.variance / draws):.3g}" if draws >= 1 else ""
        if (row.problem, row.label) in paired.index:
            pair = paired.loc[(row.problem, row.label)]
            value, half = pair.value / row.exact2, (pair.high - pair.low) / 2 / row.exact2
            line["MSE less that of REINFORCE LOO, M = 1"] = f"{value:.3g}" + (f" ± {half:.1g}" if half else "")
        records.append(line)
    return pd.DataFrame(records).fillna("")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, timed=True, against=AGAINST, networks=True)
