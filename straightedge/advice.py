"""`advise`: what a network's units are like, what of it can be exact, and which estimators are efficient on it, in a dozen lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from straightedge.analysis.cell.table import table
from straightedge.analysis.problem.choice import NoiseName, States
from straightedge.analysis.problem.module import require_suited
from straightedge.analysis.problem.problem import Problem
from straightedge.analysis.store.display import visible
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimators_of, label_of
from straightedge.estimators.module.network import ModuleNetwork
from straightedge.estimators.moment.exact import available
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.sum.truth import exact_cost, require_exact
from straightedge.experiments.runner.run import run_cells
from straightedge.measurement import chosen, problem_of
from straightedge.plan import plan
from straightedge.ranking import named, ranked, sentence
from straightedge.settings import Settings

TRIED = ("straight_through", "zgr", "reinmax", "st_gumbel", "reinforce:baseline=leave_one_out,samples=2,4", "disarm", "muprop",
         "local_expectation", "psa")
"""Of every family those that need no learning; the ones that do not suit a network are left out."""
BUDGETS = (1, 10, 100)
RARE = 0.05
"""A unit is saturated at a data point where its rarer state is less likely than this."""
PASSES = 64
SHOWN = 4


@dataclass(frozen=True, eq=False)
class Advice:
    """What `advise` found; print it."""

    problem: Problem = field(repr=False)
    saturation: pd.DataFrame
    """One row for each layer: units, and the part of them, over data points and states below, that is saturated."""
    exact: tuple[str, ...]
    """What is exact, a sentence each."""
    table: pd.DataFrame
    """budget, label, draws, passes, efficiency, low, high: for every budget the estimators that it pays for, the most efficient first."""
    group: str
    """Whose efficiency it is: `hidden`, the mean over hidden layers, or `all`."""

    @property
    def sentence(self) -> str:
        """What to do."""
        return sentence(self.table)

    def __str__(self) -> str:
        layers = ", ".join(f"{100 * row.saturated:.0f} % of {row.units} in {row.layer}" for row in self.saturation.head(8).itertuples())
        more = f", and {len(self.saturation) - 8} more layers" if len(self.saturation) > 8 else ""
        whose = "mean over hidden layers" if self.group == "hidden" else "whole gradient"
        lines = [self.problem.head(), f"units whose rarer state is less likely than {RARE:.0%}: {layers}{more}", *self.exact,
                 f"efficiency, the kept part of an exact step's guaranteed decrease ({whose}; 95 %); a pass is one forward, one back:"]
        for budget, rows in self.table.groupby("budget", sort=False):
            best = ", ".join(map(named, rows.head(SHOWN).itertuples()))
            rest = f", and {len(rows) - SHOWN} less efficient" if len(rows) > SHOWN else ""
            lines.append(f"  {budget} pass{'es' * (budget != 1)}: {best or 'pays for no estimator'}{rest}")
        return "\n".join(map(visible, [*lines, self.sentence]))


def advise(network: Network | Problem | str | Path | nn.Module, data: object = None, loss: Any = "cross_entropy", *,
           estimators: Any = None, budgets: Sequence[int] = BUDGETS, rows: int = 500, seeds: int = 4, states: States = "+-1",
           noise: NoiseName = "logistic", reference: str = "auto", jobs: int | None = None) -> Advice:
    """Which estimator for this network.

        advise(model, (x, y), loss)             advise("my.npz")            advise(network)

    estimators  those to choose from, as in `measure`; if not given some of every family, without those that the network does not suit
    budgets     passes of the whole network that one estimate of the gradient may take, one forward and one back together
    reference   what stands for the exact gradient where that is out of reach

    Raises InputError, in one sentence, for what cannot be measured.
    """
    if not budgets or any(isinstance(one, bool) or not isinstance(one, int) or one < 1 for one in budgets):
        raise InputError(f"budgets: {budgets!r}; expected whole numbers of passes from 1")
    problem = problem_of(network, data, loss, states, noise)
    built = problem.build()
    given = chosen(estimators) if estimators is not None else [one for text in TRIED for one in estimators_of(text)]
    costs = {}
    for one in given:
        try:
            costs[one] = passes(one, built)
        except Unsuitable:
            if estimators is not None:
                raise
    draws = {one: tuple(dict.fromkeys(int(budget / cost + 1e-9) for budget in budgets if budget >= cost)) for one, cost in costs.items()}
    most = max((max(counts, default=1) for counts in draws.values()), default=1)
    truth, out = exactness(built, list(costs))
    settings = Settings(rows=max(rows, 2 * most), seeds=seeds, method="sampled", jobs=jobs, reference=None if truth else reference)
    settings.check()
    cells = [replace(cell, draws=draws[cell.estimator] or (1,)) for cell in plan(problem, list(costs), settings)]
    ran = run_cells(cells, jobs)
    if not ran.records:
        ran.check()
    kept = [cell for cell in cells if cell in ran.records]
    frame = table(kept, ran.records)
    frame = frame[frame.metric == "efficiency"]
    group = "hidden" if (frame.group == "hidden").any() else "all"
    values = frame[frame.group == group].set_index(["label", "draws"])
    order = ranked(values, {label_of(one): cost for one, cost in costs.items()}, tuple(budgets))
    return Advice(problem, saturation(built), out, order, group)


def passes(estimator: Estimator, network: Network) -> float:
    """What one estimate takes: the mean of its forward and backward passes, half of one and half of the other being a pass."""
    require_suited(estimator, network)
    estimator.check(network)
    metered = network.metered()
    estimator(metered, 4, torch.Generator(network.theta.device).manual_seed(0))
    return max(sum(metered.cost(4)) / 2, 1e-9)


def exactness(network: Network, estimators: list[Estimator]) -> tuple[bool, tuple[str, ...]]:
    """(whether the gradient is exact, what is exact in words)."""
    try:
        require_exact(network)
        first, exact = f"the exact gradient is in reach: {exact_cost(network)}", True
    except Unsuitable as error:
        first, exact = f"no exact gradient: {error}; a long run stands for it", False
    known = [label_of(one) for one in estimators if exact and available(one, network)]
    return exact, (first, f"bias and variance can be exact for {', '.join(known) or 'none of them'}")


def saturation(network: Network) -> pd.DataFrame:
    """Of every layer of units, over states below as they come."""
    rng = torch.Generator(network.theta.device).manual_seed(0)
    sites = draw(network, network.uniform(rng, PASSES)).sites
    laws = network.program.laws if isinstance(network, ModuleNetwork) else ()
    names = [f"{law.name} {index}" for index, law in enumerate(laws)] or list(network.groups)
    parts = [float((site.noise.cdf(-site.a.abs()) < RARE).double().mean()) for site in sites]
    return pd.DataFrame({"layer": names[:len(parts)], "units": list(network.widths), "saturated": parts})
