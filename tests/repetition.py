"""Coverage of intervals on networks, by repetition: rows of estimators whose mean and variance are known by exact sums, as many
measurements of them, and the share whose interval holds the truth.  Cosine and descent are held against all
rows of all repetitions together.

`python -m tests.repetition` prints the table of docs/statistics.md, in some ten minutes of one core.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.accuracy.metric import measured
from straightedge.analysis.accuracy.tally import exact_tally, tally
from straightedge.analysis.accuracy.truth import Truth
from straightedge.analysis.cell.rarity import known
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.sum.expectation import exact_gradient

NETWORKS: dict[str, dict] = {"initial": {}, "trained": {"steps": 200, "rate": 0.05}, "trained long": {"steps": 600, "rate": 0.05},
                             "saturated": {"scale": 8.0}}
ESTIMATORS = ("reinforce", "arm", "straight_through")
METRICS = (("bias2", 1), ("variance", 1), ("along", 1), ("descent", 1), ("rmse_relative", 1), ("rmse_relative", 1000), ("rmse_rescaled", 1),
           ("rmse_rescaled", 1000), ("efficiency", 1), ("efficiency", 1000), ("cosine", 1), ("cosine", 10))
GROUPS = ("layer0", "all")
REPETITIONS = 300


@dataclass(frozen=True)
class Case:
    """`total` rows of all seeds together."""

    network: str
    estimator: str
    total: int
    seeds: int
    repetitions: int = REPETITIONS


@dataclass(frozen=True)
class Coverage:
    """Of one metric: the share of intervals with the truth, and the share of those that say nothing."""

    covered: float
    open: float


def coverages(case: Case) -> dict[tuple[str, str, int], Coverage]:
    """(group, metric, draws) -> coverage."""
    network, draws = Points((3, 2), points=6, **NETWORKS[case.network]).build(), (1, 10)
    told, estimator, exact = known(network, torch.float64), estimator_of(case.estimator), exact_gradient(network)
    groups = {**network.groups, "all": slice(0, len(exact))}
    truth = Truth(exact, {name: groups[name] for name in GROUPS}, loss=told.loss, rounding=told.rounding, rare=told.rare)
    rng, n = torch.Generator().manual_seed(1), case.total // case.seeds
    whole, found = Accuracy(truth, draws), {}
    for _ in range(case.repetitions):
        parts = estimator(network, case.total, rng).detach().split(n)[: case.seeds]
        replicates = [Accuracy(truth, draws) for _ in parts]
        for one, rows in zip(replicates, parts, strict=True):
            one.add(rows)
            whole.add(rows)
        for group in GROUPS:
            record = tally(replicates, group)
            for metric, m in METRICS:
                found.setdefault((group, metric, m), []).append(measured(record, metric, m))
    moments = exact_moments(estimator, network)
    of_moments = {group: exact_tally(truth, group, moments.mean, moments.variance) for group in GROUPS}
    of_rows = {group: tally([whole], group) for group in GROUPS}
    return {key: coverage(intervals, measured((of_rows if key[1] in ("cosine", "descent") else of_moments)[key[0]], *key[1:]).value)
            for key, intervals in found.items()}


def coverage(found: list[Estimate], truth: float) -> Coverage:
    """Of these intervals, up to rounding; one from nothing to infinity, or over all that a cosine can be, says nothing."""
    low, high = (np.array([getattr(one, name) for one in found]) for name in ("low", "high"))
    slack = 1e-9 * abs(truth) + 1e-15
    covered = (low - slack <= truth) & (truth <= high + slack)
    return Coverage(float(np.mean(covered)), float(np.mean([not one.error < np.inf for one in found])))


def table() -> Iterator[str]:
    """Markdown: for each metric, network and number of rows the least and the most coverage over groups, estimators and seeds, in percent,
    and the share of open intervals."""
    columns = list(product(NETWORKS, (200, 2000)))
    cases = [Case(network, estimator, total, seeds) for network, total in columns for estimator in ESTIMATORS for seeds in (2, 10)]
    found = {case: coverages(case) for case in cases}
    yield "| metric | " + " | ".join(f"{network}, {total}" for network, total in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for metric, draws in METRICS:
        cells = []
        for network, total in columns:
            part = [one[group, metric, draws] for case, one in found.items() for group in GROUPS
                    if (case.network, case.total) == (network, total)]
            shares = [100 * one.covered for one in part]
            open_ = 100 * float(np.mean([one.open for one in part]))
            cells.append(f"{min(shares):.0f} to {max(shares):.0f}" + (f" ({open_:.0f})" if open_ >= 0.5 else ""))
        yield f"| `{metric}`{f', M = {draws}' if draws > 1 else ''} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in table():
        print(line, flush=True)
