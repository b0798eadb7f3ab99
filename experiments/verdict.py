"""Does the verdict keep its promises: how often is an unbiased estimator accused, and how often is a planted bias found?

Every unbiased estimator on many small networks: as initialised, trained, and saturated.  Promised is one false alarm in 2000 groups,
however many rows there are and however few rare states they show; where they show too few, the verdict says that it cannot tell: how
often is the first panel.  The second has the 95 % upper limit of the share accused (hollow: that share, where it is not zero).  The third:
a bias planted in one coordinate is found as often whether its rows come from 2 seeds or from 30; bars are 95 % intervals.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.interval import share
from straightedge.analysis.accuracy.score import FALSE_ALARM
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.check.planted import Planted
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import percent
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.reinforce import Reinforce
from straightedge.experiments.runner.study import Study

MARKERS = "osD^v"
KINDS = {"initial": {}, "trained": {"steps": 200, "rate": 0.05}, "saturated": {"scale": 8.0}}
"""What distinguishes the networks."""


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...] | None] = None
    """All that are unbiased if not given."""
    kinds: tuple[Literal["initial", "trained", "saturated"], ...] = ("initial", "trained", "saturated")
    """Kinds of networks."""
    networks: int = 4
    """Random networks of each kind, for every unbiased estimator."""
    rows: tuple[int, ...] = (200, 2000, 20_000)
    """Rows of all seeds together."""
    seeds: tuple[int, ...] = (2, 30)
    """Numbers of seeds among which they are divided."""
    power_networks: int = 30
    """Initial networks with a planted bias."""
    power_rows: int = 60_000
    """Rows of all seeds together."""
    power_seeds: tuple[int, ...] = (2, 5, 10, 30)
    """Into how many seeds they are divided."""
    planted: tuple[float, ...] = (0.05, 0.1)
    """Biases, in lengths of the first layer's gradient."""


SMOKE = Config((Reinforce(), Arm()), ("initial", "saturated"), 1, (400,), (2, 10), 2, 600, (2, 10), (1.0,))
PAPER = Config(networks=40, rows=(200, 1000, 5000, 20_000), seeds=(2, 5, 10, 30), power_networks=100)


def problem(kind, seed):
    """A network of one kind: six points or so, whose estimates are cheap."""
    return Points((3, 2), points=6, seed=seed, **KINDS[kind])


def cells(config):
    """Every unbiased estimator on every network; the planted biases on initial ones."""
    unbiased = config.estimators or tuple(kind() for kind in registry().values() if kind.unbiased and kind.random)
    found = [Cell(problem(kind, seed), estimator, max(2, rows // seeds), seeds, method="sampled")
             for kind in config.kinds for seed in range(config.networks) for rows in config.rows for seeds in config.seeds
             for estimator in unbiased]
    return found + [Cell(problem("initial", 1000 + seed), Planted(planted), max(2, config.power_rows // seeds), seeds, method="sampled")
                    for planted in config.planted for seed in range(config.power_networks) for seeds in config.power_seeds]


def judged(table):
    """One row for each verdict: kind of network, rows of all seeds, outcome, and the bias planted or NaN."""
    rows = table[(table.metric == "bias2")].copy()
    rows["kind"] = "initial"
    rows.loc[rows.problem_steps > 0, "kind"] = "trained"
    rows.loc[rows.problem_scale > 1, "kind"] = "saturated"
    rows["total"] = rows["rows"] * rows.seeds
    rows["total"] = rows.total.map(lambda total: float(f"{total:.1g}"))  # seeds do not divide every number
    rows["alarm"] = rows.outcome == "bias detected"
    if "planted" not in rows:
        rows["planted"] = float("nan")
    return rows


def false_alarms(table):
    """One row for each kind of network, number of rows and of seeds: verdicts, cannot tell, alarms, their share with interval."""
    rows = judged(table)
    rows = rows[rows.planted.isna()]
    return pd.DataFrame([
        {"kind": kind, "total": total, "seeds": seeds, "verdicts": len(part), "silent": int((part.outcome == "cannot tell").sum()),
         "alarms": int(part.alarm.sum()), "high": share(int(part.alarm.sum()), len(part)).high}
        for (kind, total, seeds), part in rows.groupby(["kind", "total", "seeds"], sort=False)])


def powers(table):
    """One row for each planted bias and number of seeds: the share of networks in whose first layer it is found, with interval."""
    rows = judged(table)
    rows = rows[rows.planted.notna() & (rows.group == "layer0")]
    parts = {key: share(int(part.alarm.sum()), len(part)) for key, part in rows.groupby(["planted", "seeds"], sort=False)}
    return pd.DataFrame([{"planted": planted, "seeds": seeds, "value": found.value, "low": found.low, "high": found.high}
                         for (planted, seeds), found in parts.items()])


def figure(table):
    """What was said of unbiased estimators: how often nothing, how often wrongly that there is a bias; and power."""
    alarms, power = false_alarms(table), powers(table)
    drawing, axes = figures.panels(*((3, 1, 6.6) if figures.narrow() else (1, 3, 2.7)))
    silent, accused, found = axes.flat
    for place, (kind, part) in enumerate(alarms.groupby("kind", sort=False)):
        whole = part.groupby("total")[["verdicts", "silent", "alarms"]].sum()
        style = {"color": figures.SERIES[place], "marker": MARKERS[place], "markersize": 3.5}
        silent.plot(whole.index, whole.silent / whole.verdicts, label=kind, **style)
        shares = [share(int(row.alarms), int(row.verdicts)) for row in whole.itertuples()]
        across = whole.index * 1.12 ** (place - 1)
        limits = np.array([one.high for one in shares])
        accused.errorbar(across, limits, np.stack((limits / 3, 0 * limits)), uplims=True, capsize=1.5, elinewidth=0.7,
                         **style | {"linestyle": "none"})
        seen = whole.alarms > 0
        accused.plot(across[seen], (whole.alarms / whole.verdicts)[seen], linestyle="none", **style | {"markerfacecolor": "white"})
    accused.axhline(FALSE_ALARM, color="0.4", linewidth=0.8, linestyle=":", zorder=0)
    accused.annotate("promised", (1, FALSE_ALARM), (-2, 2), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
                     fontsize=6)
    for panel, name in ((silent, "share that cannot be told"), (accused, "share accused, upper limit")):
        panel.set(xscale="log", xlabel="rows of all seeds", ylabel=name, title="unbiased estimators")
    silent.set_ylim(-0.03, 1.03)
    silent.legend(frameon=False)
    accused.set_yscale("log")
    figures.decimal(accused.yaxis)
    for place, (planted, part) in enumerate(power.groupby("planted", sort=False)):
        ends = (part.value - part.low).clip(lower=0), (part.high - part.value).clip(lower=0)
        found.errorbar(part.seeds, part.value, ends, capsize=2, markersize=3.5, color=figures.SERIES[place], marker=MARKERS[place],
                       label=f"{100 * planted:g} % of |g|")
    found.set(xscale="log", xlabel="seeds, of equally many rows", ylabel="share found", title="planted biases", ylim=(-0.03, 1.03))
    ticks = sorted(power.seeds.unique())
    found.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    found.xaxis.set_minor_locator(figures.no_ticks())
    found.legend(frameon=False)
    return drawing


def words(table):
    """How many are accused, and how many planted biases are found."""
    alarms, power = false_alarms(table), powers(table)
    count, verdicts, silent = (int(alarms[name].sum()) for name in ("alarms", "verdicts", "silent"))
    largest = power[power.planted == power.planted.max()]
    accused = "none is an accusation" if not count else "1 is an accusation" if count == 1 else f"{count} are accusations"
    answer = (f"Of {verdicts} verdicts on unbiased estimators {accused}; a bias of {100 * largest.planted.iloc[0]:g} % is found in "
              f"{percent(largest.value.min())} of networks or more, whatever the seeds.")
    return Words(answer, f"{count} of {verdicts} accused, {percent(silent / verdicts)} cannot be told.")


def tables(table):
    """Verdicts on unbiased estimators by kind of network, rows and seeds; then the power of planted biases by seeds."""
    rows = judged(table)
    rows = rows[rows.planted.isna() | (rows.group == "layer0")]
    named = rows.planted.map(lambda planted: "" if pd.isna(planted) else f", bias of {100 * planted:g} % planted")
    lines = []
    for (networks, total, seeds), part in rows.assign(networks=rows.kind + named).groupby(["networks", "total", "seeds"], sort=False):
        found = share(int(part.alarm.sum()), len(part))
        lines.append({"networks": networks, "rows of all seeds": f"{total:.0f}", "seeds": str(seeds), "verdicts": str(len(part)),
                      "cannot tell": str((part.outcome == "cannot tell").sum()), "biased": str(part.alarm.sum()),
                      "share biased, from": f"{found.low:.3f}", "to": f"{found.high:.3f}"})
    return pd.DataFrame(lines).set_index("networks")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables,
              fields=("steps", "scale", "seed"))
