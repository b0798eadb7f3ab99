"""The measurement of one cell: exact moments where there are any, sampling for the rest, in tidy records."""

import time
from dataclasses import dataclass, replace
from functools import lru_cache

import pandas as pd
import torch

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.cell.cell import Cell, Reference
from straightedge.analysis.cell.sampling import Stream, chunk_rows, sample
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.truth import exact_gradient

PRECISION = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Measurement:
    """What a cell gave."""

    records: pd.DataFrame
    """One row for each group, metric, draws and seed, with method, rows and value."""
    run: dict
    """What is worth knowing about the run: chunk, what ended it, seconds."""


@lru_cache(maxsize=16)
def truth(problem: Problem, device: str, precision: str, reference: Reference | None,
          memory: int) -> tuple[Network, Network, torch.Tensor, torch.Tensor | None]:
    """(the network in the precision of the rows, in float64, its gradient in float64, the variance of that gradient's error or None
    where it is exact), once per process."""
    network = problem.build().to(device, torch.float64)
    narrow = network.to(device, PRECISION[precision])
    if reference is None:
        return narrow, network, exact_gradient(network), None
    reference.estimator.check(network)
    run = Accuracy(torch.zeros_like(network.theta), {})
    cell = Cell(problem, reference.estimator, reference.rows, 1, device=device, memory=memory)
    step = chunk_rows(network, memory << 20, getattr(reference.estimator, "samples", 1))
    Stream(cell, network, run, "reference", step).grow(reference.rows)
    return narrow, network, run.mean, run.variance / run.n


def groups(network: Network) -> dict[str, slice]:
    """The layers, and all parameters."""
    return {**network.groups, "all": slice(0, len(network.theta))}


def measure_cell(cell: Cell) -> Measurement:
    """The measurement of a cell.

    Where the moments are exact their records have seed -1, and the draws give only what moments do not: cosine, descent, cost."""
    network, wide, gradient, uncertainty = truth(cell.problem, cell.device, cell.precision, cell.reference, cell.memory)
    cell.estimator.check(network)
    records, info, known = [], {}, set()
    if cell.method != "sampled" and uncertainty is None:
        found = known_moments(cell, wide)
        if found is None and cell.method == "exact":
            raise InputError(f"{name_of(cell.estimator)} has no exact moments on this network; use method auto or sampled")
        if found is not None:
            start = time.perf_counter()
            records = moment_records(cell, found, gradient, groups(network))
            info["moment_seconds"] = time.perf_counter() - start
            known = {record["metric"] for record in records}
    if cell.method == "exact":
        return Measurement(pd.DataFrame(records), info)
    drawn = replace(cell, draws=(1,)) if "cosine" in known else cell
    sampled, more = sample(drawn, network, gradient, groups(network), uncertainty)
    certain = known | {"bias_z"} if known else known
    records += [record for record in sampled if record["metric"] not in certain]
    frame = pd.DataFrame(records)
    if cell.until:
        frame["ended"] = more["ended"]
    return Measurement(frame, info | more)


def known_moments(cell: Cell, network: Network) -> Moments | None:
    """The exact moments; None where there is no way to them, also where that shows only on the way."""
    try:
        return exact_moments(cell.estimator, network) if available(cell.estimator, network) else None
    except Unsuitable:
        return None


def moment_records(cell: Cell, found: Moments, gradient: torch.Tensor, where: dict[str, slice]) -> list[dict]:
    """The records that follow from exact mean and variance; also cosine and descent where there is no variance."""
    records = []
    for group, part in where.items():
        g, mean, variance = gradient[part], found.mean[part], float(found.variance[part].sum())
        bias2, exact2, length2, inner = (float(v) for v in ((mean - g).square().sum(), g @ g, mean @ mean, mean @ g))
        values = {("bias2", 1): bias2, ("variance", 1): variance, ("length2", 1): length2, ("exact2", 1): exact2,
                  ("along", 1): inner / exact2 if exact2 else float("nan")}
        values |= {("mse", draws): bias2 + variance / draws for draws in cell.draws}
        if not cell.estimator.random:
            length = (exact2 * length2) ** 0.5
            values |= {("cosine", draws): inner / length if length else 0.0 for draws in cell.draws} | {("descent", 1): inner > 0}
        common = {"seed": -1, "method": "exact", "rows": 0}
        records += [{"group": group, "metric": metric, "draws": draws, "value": float(value)} | common
                    for (metric, draws), value in values.items()]
    return records
