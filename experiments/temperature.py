"""How cold should a relaxation be?  Bias falls with the temperature, variance grows, faster the deeper the network.

The layer next to the data, which has every Bernoulli layer between itself and the loss.  Lines are exact; Gumbel-softmax, whose
states are relaxed, is sampled: markers with 95 % intervals, an arrow where no bias is detected hangs from its upper bound.  Its
sampled deviation falls off the law tau^(-L/2) where the few rows that carry it, a share of tau^L, are no longer met.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from analysis import figure as figures
from analysis.problem import Points, Problem
from estimators.darn import Darn
from estimators.decoupled_st_gumbel import DecoupledStGumbel
from estimators.gumbel_rao import GumbelRao
from estimators.gumbel_softmax import GumbelSoftmax
from estimators.st_gumbel import StGumbel
from estimators.straight_through import StraightThrough
from experiments.cell import Cell, Suppressed

PROBLEM_FIELDS = ("widths",)
TAUS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
RELAXED = ("gumbel_softmax", "st_gumbel", "gumbel_rao", "decoupled_st_gumbel")
DRAWS = np.logspace(0, 5, 21)
LIMIT = {"linewidth": 1.0, "linestyle": (0, (6, 2)), "marker": "none"}


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    problems: Suppressed[tuple[Problem, ...]] = tuple(Points((4,) * depth, points=50) for depth in (1, 2, 3, 4))
    taus: tuple[float, ...] = TAUS
    """Temperatures of the derivative."""
    rows: int = 4000
    """Sampled estimates of each seed, Gumbel-softmax only."""
    seeds: int = 5
    """Independent replicates, Gumbel-softmax only."""


SMOKE = Config((Points((2,), points=10), Points((2, 2), points=10)), (0.01, 0.1, 1.0), rows=100, seeds=3)
PAPER = Config(tuple(Points((4,) * depth, points=50) for depth in (1, 2, 3, 4)), rows=20_000, seeds=20)


def cells(config):
    """The four relaxations at every temperature, and the two limits, for every depth."""
    found = []
    for problem in config.problems:
        found += [Cell(problem, limit, method="exact") for limit in (StraightThrough(), Darn())]
        for tau in config.taus:
            found += [Cell(problem, StGumbel(tau), method="exact"), Cell(problem, GumbelRao(tau), method="exact"),
                      Cell(problem, DecoupledStGumbel(backward=tau), method="exact"),
                      Cell(problem, GumbelSoftmax(tau), config.rows, config.seeds, method="sampled")]
    return found


def relative(table):
    """One row per problem, estimator and temperature: depth, tau, squared bias and variance over |g|^2 of the first layer."""
    table = table[table.group == "layer0"]
    keys = ["problem", "problem_widths", "label", "estimator"]
    wide = table[table.draws == 1].pivot_table("value", keys, "metric", sort=False).reset_index()
    square = table[table.metric == "bias2"].set_index(["problem", "label"]).loc[list(zip(wide.problem, wide.label, strict=True))]
    given = square.tau.astype(float).to_numpy()
    wide["tau"] = np.where(wide.estimator == "decoupled_st_gumbel", square.backward.astype(float).to_numpy(), given)
    wide["depth"] = wide.problem_widths.astype(str).str.count("-") + 1
    wide["seen"] = ~square.verdict.str.startswith("not detected").to_numpy()
    for end in ("low", "high"):
        wide[end] = np.sqrt(square[end].clip(lower=0).to_numpy() / wide.exact2)
    wide["bias"] = np.sqrt(wide.bias2.clip(lower=0) / wide.exact2)
    wide["deviation"] = np.sqrt(wide.variance.clip(lower=0) / wide.exact2)
    return wide


def best(rows):
    """The temperature of least RMSE of the mean of M estimates, for every M of DRAWS, between the temperatures measured."""
    rows = rows.sort_values("tau")
    fine = np.linspace(*np.log(rows.tau.iloc[[0, -1]]), 400)
    bias2, variance = (np.exp(PchipInterpolator(np.log(rows.tau), np.log(rows[column] ** 2))(fine)) for column in ("bias", "deviation"))
    return np.exp(fine[(bias2 + variance / DRAWS[:, None]).argmin(1)])


def figure(table):
    """Bias, deviation and best temperature, a column for each depth."""
    wide = relative(table)
    depths = sorted(wide.depth.unique())
    drawing, axes = figures.panels(3, len(depths), 6.6, sharey="row")
    for column, depth in enumerate(depths):
        part = wide[wide.depth == depth]
        bias, spread, least = axes[:, column]
        for estimator in RELAXED:
            rows = part[part.estimator == estimator].sort_values("tau")
            style = figures.mark(estimator) | {"markersize": 3.5}
            if estimator == "gumbel_softmax":
                sampled(bias, rows, style)
                style = style | {"linestyle": "none"}
            else:
                shade = {"linestyle": {"st_gumbel": "-", "gumbel_rao": "--"}.get(estimator, ":")}
                style = style | shade
                bias.plot(rows.tau, rows.bias, **style)
                least.plot(DRAWS, best(rows), **style, markevery=4)
            spread.plot(rows.tau, rows.deviation, **style)
        for limit in ("straight_through", "darn"):
            row = part[part.estimator == limit].iloc[0]
            style = {"color": figures.mark(limit)["color"], **LIMIT}
            style.pop("marker")
            bias.axhline(row.bias, **style)
            spread.axhline(row.deviation, **style)
        law(bias, spread, part, depth)
        bias.set(title=f"{depth} Bernoulli layer{'s' if depth > 1 else ''}", xscale="log", yscale="log", ylim=(3e-3, 30))
        spread.set(xscale="log", yscale="log", xlabel=r"temperature $\tau$")
        least.set(xscale="log", yscale="log", xlabel="estimates averaged, M")
    for panel, name in zip(axes[:, 0], ("|bias| / |g|", "standard deviation / |g|", r"best temperature $\tau$"), strict=True):
        panel.set_ylabel(name)
    legend(drawing)
    return drawing


def sampled(panel, rows, style):
    """Sampled biases: intervals where detected, else an arrow from the upper bound."""
    for seen, part in rows.groupby("seen"):
        value = part.bias if seen else part.high
        ends = np.stack((value - part.low, part.high - value)).clip(0) if seen else value / 2
        panel.errorbar(part.tau, value, ends, uplims=not seen, elinewidth=0.7, capsize=1.5, **style | {"linestyle": "none"})


def law(bias, spread, part, depth):
    """Grey guides: deviation like tau^(-L/2), and at one layer bias like tau."""
    coldest = part[part.estimator == "st_gumbel"].sort_values("tau").iloc[0]
    taus = np.array([coldest.tau, 0.2])
    values = 4 * coldest.deviation * (taus / coldest.tau) ** (-depth / 2)
    power = r"\tau^{-1/2}" if depth == 1 else rf"\tau^{{-{depth}/2}}" if depth % 2 else rf"\tau^{{-{depth // 2}}}"
    guide(spread, taus, values, f"${power}$")
    if depth == 1:
        guide(bias, np.array([0.03, 0.3]), np.array([0.004, 0.04]), r"$\tau$")


def guide(panel, x, y, name):
    """A grey line of a law, with its name at the middle."""
    panel.plot(x, y, color="0.55", linewidth=0.8)
    panel.annotate(name, (np.sqrt(x.prod()), np.sqrt(y.prod())), xytext=(4, 2), textcoords="offset points", color="0.35")


def legend(drawing):
    """The line styles of the figure: limits are broken lines without markers."""
    drawn = {"gumbel_softmax": {"linestyle": "none"}, "st_gumbel": {"linestyle": "-"}, "gumbel_rao": {"linestyle": "--"},
             "decoupled_st_gumbel": {"linestyle": ":"}, **dict.fromkeys(("straight_through", "darn"), LIMIT)}
    handles = [figures.plt.Line2D([], [], **figures.mark(label) | style) for label, style in drawn.items()]
    names = ["Gumbel-softmax (sampled)", "ST-Gumbel", "Gumbel-Rao, 10 noises", "decoupled, forward 1", "straight-through", "DARN"]
    drawing.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)


def tables(table):
    """The best temperature for M = 1, 100 and 10 000 averaged estimates, per depth."""
    wide = relative(table)
    records = []
    for (depth, estimator), rows in wide[wide.estimator.isin(RELAXED[1:])].groupby(["depth", "estimator"], sort=False):
        chosen = dict(zip(DRAWS.round().astype(int), best(rows), strict=True))
        records.append({"layers": depth, "estimator": figures.words(estimator)}
                       | {f"best tau, M = {m}": f"{chosen[m]:.2g}" for m in (1, 100, 10_000)})
    return pd.DataFrame(records)
