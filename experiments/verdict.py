"""Does the verdict keep its promises: how often is an unbiased estimator accused, and how often is a planted bias found?

Every unbiased estimator on many small networks: as initialised, trained, and saturated.  Promised is one false alarm in 2000 groups,
however many rows there are and however few rare states they show; where they show too few, the verdict says that it cannot tell.  A bias
planted in one coordinate is found as often whether its rows come from 2 seeds or from 30.  Bars are 95 % intervals.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import pandas as pd

from straightedge.analysis.accuracy.interval import share
from straightedge.analysis.accuracy.score import FALSE_ALARM
from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.network import Network
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.runner.study import Study

KINDS = {"initial": {}, "trained": {"steps": 200, "rate": 0.05}, "saturated": {"scale": 8.0}}
"""What distinguishes the networks."""


@lru_cache(maxsize=4)
def gradient(network: Network):
    """The exact gradient, once for each network."""
    return exact_gradient(network)


@dataclass(frozen=True)
class Verdict(Estimator):
    """REINFORCE against the mean of another sample, with a bias planted in one coordinate.

    The coordinate of the first layer's largest derivative is moved by `planted` times the length of that layer's gradient."""

    planted: float = 0.05

    def __call__(self, network, n, rng):
        rows = Reinforce(baseline="leave_one_out", samples=4)(network, n, rng)
        g = gradient(network)[network.groups["layer0"]].to(rows)
        rows[:, int(g.abs().argmax())] += self.planted * g.norm()
        return rows


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
    return found + [Cell(problem("initial", 1000 + seed), Verdict(planted), max(2, config.power_rows // seeds), seeds, method="sampled")
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
    """Left: what was said of unbiased estimators; right: power against the number of seeds."""
    alarms, power = false_alarms(table), powers(table)
    drawing, (panels,) = figures.panels(1, 2, 3.0)
    for kind, part in alarms.groupby("kind", sort=False):
        whole = part.groupby("total")[["verdicts", "silent", "alarms"]].sum()
        line, = panels[0].plot(whole.index, whole.silent / whole.verdicts, marker="o", markersize=3.5, label=f"cannot tell, {kind}")
        panels[0].plot(whole.index, whole.alarms / whole.verdicts, marker="x", linestyle=":", color=line.get_color(),
                       label=f"accused, {kind}")
    panels[0].axhline(FALSE_ALARM, color="0.6", linewidth=0.8, zorder=0)
    panels[0].set(xscale="log", xlabel="rows of all seeds", ylabel="share of verdicts", title="unbiased estimators", ylim=(-0.03, 1.03))
    panels[0].legend(frameon=False, fontsize=6)
    for planted, part in power.groupby("planted", sort=False):
        ends = (part.value - part.low).clip(lower=0), (part.high - part.value).clip(lower=0)
        panels[1].errorbar(part.seeds, part.value, ends, marker="o", markersize=3.5, capsize=2,
                           label=f"bias of {100 * planted:g} % in one coordinate")
    panels[1].set(xscale="log", xlabel="seeds, of equally many rows", ylabel="share found", title="planted biases", ylim=(-0.03, 1.03))
    ticks = sorted(power.seeds.unique())
    panels[1].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    panels[1].minorticks_off()
    panels[1].legend(frameon=False)
    return drawing


def tables(table):
    """Verdicts on unbiased estimators by kind of network, rows and seeds; then the power of planted biases by seeds."""
    alarms = false_alarms(table)
    first = [{"networks": row.kind, "planted %": "0", "rows of all seeds": f"{row.total:.0f}", "seeds": row.seeds, "verdicts": row.verdicts,
              "cannot tell": row.silent, "biased": row.alarms, "share biased": f"below {row.high:.2g}"} for row in alarms.itertuples()]
    rows = judged(table)
    rows = rows[rows.planted.notna() & (rows.group == "layer0")]
    for (planted, total, seeds), part in rows.groupby(["planted", "total", "seeds"], sort=False):
        first.append({"networks": "initial", "planted %": f"{100 * planted:g}", "rows of all seeds": f"{total:.0f}", "seeds": seeds,
                      "verdicts": len(part), "cannot tell": int((part.outcome == "cannot tell").sum()), "biased": int(part.alarm.sum()),
                      "share biased": f"{part.alarm.mean():.2f}"})
    return pd.DataFrame(first)


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, fields=("steps", "scale", "seed"))
