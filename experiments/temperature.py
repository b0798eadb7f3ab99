"""How cold should a relaxation be?  Bias falls with the temperature, variance grows, faster the deeper the network.

The layer next to the data, which has every Bernoulli layer between itself and the loss; root mean squares over random networks, each
divided by its |g|.  Lines are exact; broken ones without markers are the limits that relaxations have; grey ones are laws, tau^(-L/2) of
the deviation at L layers.  Gumbel-softmax, whose states are relaxed, is sampled: markers with 95 % intervals; where no bias is detected
its upper bound is drawn, with an arrow down.  Its sampled deviation falls off the law where the few rows that carry it, a share of tau^L,
are no longer met.  Best is the temperature of least RMSE of the mean of M estimates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import short
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.darn import Darn
from straightedge.estimators.decoupled_st_gumbel import DecoupledStGumbel
from straightedge.estimators.gumbel_rao import GumbelRao
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

TAUS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
RELAXED = ("gumbel_softmax", "st_gumbel", "gumbel_rao", "decoupled_st_gumbel")
DRAWS = np.logspace(0, 5, 21)
LIMITS = ("straight_through", "darn")
STYLES = {"gumbel_softmax": {"color": figures.SERIES[2], "marker": "o", "linestyle": "none", "markersize": 3.5},
          "st_gumbel": {"color": figures.SERIES[1], "marker": "s", "markersize": 3.5},
          "gumbel_rao": {"color": figures.SERIES[3], "marker": "^", "markersize": 3.5, "linestyle": "--"},
          "decoupled_st_gumbel": {"color": figures.SERIES[4], "marker": "D", "markersize": 3.5, "linestyle": ":"},
          **{limit: {"color": figures.mark(limit)["color"], "linewidth": 1.0, "linestyle": dashes}
             for limit, dashes in zip(LIMITS, ((0, (6, 2)), (0, (2, 1))), strict=True)}}
"""All relaxations are of one family, so here each has a colour of its own."""


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    depths: tuple[int, ...] = (1, 2, 3, 4)
    """Bernoulli layers."""
    width: int = 4
    """Units a layer."""
    networks: int = 5
    """Random networks and data sets of each depth."""
    taus: tuple[float, ...] = TAUS
    """Temperatures of the derivative."""
    rows: int = 2000
    """Sampled estimates of each seed, Gumbel-softmax only."""
    seeds: int = 5
    """Independent replicates, Gumbel-softmax only."""


SMOKE = Config((1, 2), 2, 2, (0.01, 0.1, 1.0), rows=100, seeds=3)
PAPER = Config(width=5, networks=30, rows=20_000, seeds=10)


def cells(config):
    """The four relaxations at every temperature, and the two limits, for every network."""
    found = []
    for problem in (Points((config.width,) * depth, points=50, seed=seed) for depth in config.depths for seed in range(config.networks)):
        found += [Cell(problem, limit, method="exact") for limit in (StraightThrough(), Darn())]
        for tau in config.taus:
            found += [Cell(problem, StGumbel(tau), method="exact"), Cell(problem, GumbelRao(tau), method="exact"),
                      Cell(problem, DecoupledStGumbel(backward=tau), method="exact"),
                      Cell(problem, GumbelSoftmax(tau), config.rows, config.seeds, method="sampled")]
    return found


def relative(table):
    """One row for each network, estimator and temperature: depth, tau, squared bias, half its interval, and variance of the first layer,
    over |g|^2."""
    table = table[table.group == "layer0"]
    keys = ["problem_widths", "problem_seed", "label", "estimator"]
    wide = table[table.draws == 1].pivot_table("value", keys, "metric", sort=False).reset_index()
    square = table[table.metric == "bias2"].set_index(keys).loc[list(map(tuple, wide[keys].to_numpy()))]
    wide["tau"] = square.backward.astype(float).where(square.backward.notna(), square.tau.astype(float)).to_numpy()
    wide["depth"] = wide.problem_widths.astype(str).str.count("-") + 1
    wide["half2"] = (1.96 * square.error.to_numpy() / wide.exact2) ** 2
    wide["bias2"], wide["variance"] = wide.bias2 / wide.exact2, wide.variance.clip(lower=0) / wide.exact2
    return wide


def averaged(wide):
    """One row for each depth, estimator and temperature: root mean squares over the networks, with the interval of the bias."""
    mean = wide.groupby(["depth", "label", "estimator", "tau"], dropna=False, sort=False)[["bias2", "variance", "half2"]].mean()
    mean = mean.reset_index()
    half = np.sqrt(mean.half2 / wide.groupby("depth").problem_seed.nunique().loc[mean.depth].to_numpy())
    mean["seen"] = mean.bias2 > half
    mean["bias"], mean["deviation"] = np.sqrt(mean.bias2.clip(lower=0)), np.sqrt(mean.variance)
    mean["low"], mean["high"] = np.sqrt((mean.bias2 - half).clip(lower=0)), np.sqrt((mean.bias2 + half).clip(lower=0))
    return mean


def best(rows):
    """The temperature of least RMSE of the mean of M estimates, for every M of DRAWS, between the temperatures measured."""
    rows = rows.sort_values("tau")
    fine = np.linspace(*np.log(rows.tau.iloc[[0, -1]]), 400)
    bias2, variance = (np.exp(PchipInterpolator(np.log(rows.tau), np.log(rows[column]))(fine)) for column in ("bias2", "variance"))
    return np.exp(fine[(bias2 + variance / DRAWS[:, None]).argmin(1)])


def figure(table):
    """Bias, deviation and best temperature, a column for each depth; in one column of a page the least and the greatest depth."""
    wide = averaged(relative(table))
    depths = sorted(wide.depth.unique())
    depths = [depths[0], depths[-1]][: len(depths)] if figures.narrow() else depths
    drawing, axes = figures.panels(3, len(depths), 6.4, sharey="row")
    for column, depth in enumerate(depths):
        part = wide[wide.depth == depth]
        bias, spread, least = axes[:, column]
        for estimator in RELAXED:
            rows, line = part[part.estimator == estimator].sort_values("tau"), STYLES[estimator]
            if estimator == "gumbel_softmax":
                sampled(bias, rows, line)
            else:
                bias.plot(rows.tau, rows.bias, **line)
                least.plot(DRAWS, best(rows), **line, markevery=4)
            spread.plot(rows.tau, rows.deviation, **line)
        for limit in LIMITS:
            row = part[part.estimator == limit].iloc[0]
            bias.axhline(row.bias, **STYLES[limit])
            spread.axhline(row.deviation, **STYLES[limit])
        law(bias, spread, part, depth)
        bias.set(title=f"{depth} Bernoulli layer{'s' if depth > 1 else ''}", xscale="log", yscale="log")
        spread.set(xscale="log", yscale="log", xlabel=r"temperature $\tau$")
        least.set(xscale="log", yscale="log", xlabel="estimates averaged, M")
    for panel, name in zip(axes[:, 0], ("|bias| / |g|", "standard deviation / |g|", r"best temperature $\tau$"), strict=True):
        panel.set_ylabel(name)
    names = {"gumbel_softmax": "Gumbel-softmax (sampled)", "gumbel_rao": "Gumbel-Rao, 10 noises",
             "decoupled_st_gumbel": "decoupled, forward 1"}
    handles = [figures.Line2D([], [], **line) for line in STYLES.values()]
    figures.legend(drawing, list(STYLES), [names.get(name, figures.words(name)) for name in STYLES], handles)
    return drawing


def sampled(panel, rows, style):
    """Sampled biases: intervals where detected, else an arrow from the upper bound."""
    for seen, part in rows.groupby("seen"):
        value = part.bias if seen else part.high
        ends = np.stack((value - part.low, part.high - value)).clip(0) if seen else value / 2
        panel.errorbar(part.tau, value, ends, uplims=not seen, elinewidth=0.7, capsize=1.5, **style)


def law(bias, spread, part, depth):
    """Grey guides: deviation like tau^(-L/2), and at one layer bias like tau."""
    coldest = part[part.estimator == "st_gumbel"].sort_values("tau").iloc[0]
    taus = np.array([coldest.tau, 0.2])
    values = 4 * coldest.deviation * (taus / coldest.tau) ** (-depth / 2)
    power = r"\tau^{-1/2}" if depth == 1 else rf"\tau^{{-{depth}/2}}" if depth % 2 else rf"\tau^{{-{depth // 2}}}"
    guide(spread, taus, values, f"${power}$")
    if depth == 1:
        guide(bias, np.array([0.2, 2.0]), np.array([0.006, 0.06]), r"$\tau$")


def guide(panel, x, y, name):
    """A grey line of a law, with its name at the middle."""
    panel.plot(x, y, color="0.55", linewidth=0.8)
    panel.annotate(name, (np.sqrt(x.prod()), np.sqrt(y.prod())), xytext=(4, 2), textcoords="offset points", color="0.35")


def words(table):
    """The best temperatures of the first of the relaxations with exact moments, for one estimate and for many, at both ends of depth."""
    wide = averaged(relative(table))
    mine, m = wide[wide.estimator == "st_gumbel"], min(len(DRAWS) - 1, 16)
    ends = {depth: best(rows) for depth, rows in mine.groupby("depth")}
    first, last = min(ends), max(ends)
    parts = "; ".join(f"{short(ends[depth][0])} for one estimate and {short(ends[depth][m])} for {DRAWS[m]:.0f} at {depth} "
                      f"layer{'s' if depth > 1 else ''}" for depth in dict.fromkeys((first, last)))
    coldest = mine[mine.tau == mine.tau.min()].set_index("depth").deviation
    return Words(f"The colder, the more estimates it takes: ST-Gumbel's best temperature is {parts}.",
                 f"at temperature {mine.tau.min():g} the deviation of ST-Gumbel is {short(coldest[first])} |g| at {first} and "
                 f"{short(coldest[last])} |g| at {last} layers.")


def tables(table):
    """The best temperature for M = 1, 100 and 10 000 averaged estimates, per depth, with its range over the networks."""
    wide, records = relative(table), []
    for (depth, estimator), rows in wide[wide.estimator.isin(RELAXED[1:])].groupby(["depth", "estimator"], sort=False):
        whole = averaged(rows)
        each = np.array([best(part) for _, part in rows.groupby("problem_seed")])
        line = {"layers": depth, "estimator": figures.words(estimator)}
        for m in (1, 100, 10_000):
            at = int(np.abs(DRAWS - m).argmin())
            line |= {f"best τ, M = {m}": best(whole)[at], f"range, M = {m}": f"{each[:, at].min():.2g} to {each[:, at].max():.2g}"}
        records.append(line)
    found = pd.DataFrame(records)
    return found.assign(**{name: aligned(found[name], 2) for name in found if name.startswith("best")}).set_index("layers")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, fields=("widths", "seed"))
