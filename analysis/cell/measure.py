"""The measurement of one cell: exact moments where there are any, sampling for the rest, in tidy records."""

import time
from dataclasses import dataclass, replace
from functools import lru_cache

import pandas as pd
import torch
from torch import Tensor

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.accuracy.metric import AVERAGED, SAMPLED, measured
from straightedge.analysis.accuracy.tally import exact_tally
from straightedge.analysis.accuracy.tally import tally as one_tally
from straightedge.analysis.accuracy.truth import Run, Truth
from straightedge.analysis.accuracy.verdict import exact_verdict
from straightedge.analysis.cell import module  # noqa: F401 - what is known of modules
from straightedge.analysis.cell.cell import Cell, Reference
from straightedge.analysis.cell.choice import Precision
from straightedge.analysis.cell.constant import PRECISION, constant, forget_constant, network_of
from straightedge.analysis.cell.contradiction import contradiction
from straightedge.analysis.cell.nature import nature_records
from straightedge.analysis.cell.rarity import known
from straightedge.analysis.cell.record import hidden_records, record, said, wanted
from straightedge.analysis.cell.reference import long_run, reference_records
from straightedge.analysis.cell.sampling import Report, sample, silent
from straightedge.analysis.problem.problem import Problem, forget_built
from straightedge.estimators.catalogue.estimate import EstimateError
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.estimators.exact import Exact
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.truth import exact_gradient

WITNESSES = 1024
"""Rows that exact moments are held against."""


@dataclass(frozen=True)
class Measurement:
    """What a cell gave."""

    records: pd.DataFrame
    """One row for each group, metric, draws and seed, with method, rows and value."""
    run: dict
    """What is worth knowing about the run: rows of a block, what ended it, seconds."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What a cell stands on."""

    network: Network
    """In the precision of the rows."""
    wide: Network
    """In float64."""
    truth: Truth
    nature: tuple[dict, ...]
    """The records that are of the network alone."""


@lru_cache(maxsize=16)
def ground(problem: Problem, device: str, precision: Precision, reference: Reference | None) -> Ground:
    """The network and what its rows are held against, once per process."""
    network = network_of(problem, device, "float64")
    told = known(network, PRECISION[precision])
    groups = {**network.groups, "all": slice(0, len(network.theta))}
    if reference is None:
        gradient, run = gradient_of(problem, device), None
    else:
        reference.estimator.check(network)
        cell = Cell(problem, reference.estimator, reference.rows, 1, device=device)
        accuracy = long_run(cell, network, reference)
        gradient, run = accuracy.sums.mean, Run(accuracy.sums, accuracy.blocks)
    nature = nature_records(network.copied(), run is None)
    truth = Truth(gradient, groups, told.hidden, told.loss, told.rounding, told.rare, run)
    return Ground(network_of(problem, device, precision), network, truth, tuple(nature))


def gradient_of(problem: Problem, device: str) -> Tensor:
    """The exact gradient, by the one call of the estimator that is exact; not finite where the network or its loss overflows."""
    try:
        found = constant(problem, device, "float64", Exact())
    except EstimateError:
        found = None
    return exact_gradient(network_of(problem, device, "float64")) if found is None else found.row


def forget() -> None:
    """Lets go of the networks that this process remembers: of many models measured one after the other only the last is of use."""
    ground.cache_clear()
    forget_constant()
    forget_built()


def measure_cell(cell: Cell, report: Report = silent) -> Measurement:
    """The measurement of a cell; `report` is told of its rows as they are drawn.

    Records with seed -1 are of the whole cell, with error and interval: from exact moments, else from the rows of all seeds.  Where
    the moments are exact the draws give only what moments do not: cosine, descent, cost."""
    base = ground(cell.problem, cell.device, cell.precision, cell.reference)
    network, wide = base.network.copied(), base.wide.copied()  # an estimator that writes into them spoils its own cell only
    cell.estimator.check(network)
    records: list[dict] = []
    info: dict = {}
    certain: set[str] = set()
    nature = [*base.nature]
    if cell.method != "sampled" and base.truth.run is None:
        found = known_moments(cell, wide)
        if found is None and cell.method == "exact":
            raise InputError(f"{name_of(cell.estimator)} has no exact moments on this network; use method auto or sampled")
        why = found and cell.estimator.random and contradiction(cell.estimator, wide, found, WITNESSES)
        if why and cell.method == "exact":
            raise InputError(f"{name_of(cell.estimator)}: what is said to be exact is not so: {why}; use method sampled")
        if why:
            found, info["note"] = None, f"measured as sampled: {why}"
        if found is not None:
            start = time.perf_counter()
            records = moment_records(cell, found, base)
            info["moment_seconds"] = time.perf_counter() - start
            certain = {record["metric"] for record in records}
    if cell.method == "exact":
        return Measurement(pd.DataFrame(records + nature), info)
    drawn = replace(cell, draws=(1,)) if "cosine" in certain else cell
    sampled, more = sample(drawn, network, base.truth, report)
    certain = certain | {"bias_z"} if certain else certain
    records += [record for record in sampled if record["metric"] not in certain]
    records += reference_records(base.truth)
    frame = pd.DataFrame(records + nature)
    if cell.until:
        frame["ended"] = more["ended"]
    return Measurement(frame, info | more)


def known_moments(cell: Cell, network: Network) -> Moments | None:
    """The exact moments; None where there is no way to them, also where that shows only on the way."""
    fixed = constant(cell.problem, cell.device, "float64", cell.estimator)
    if fixed is not None:
        return Moments(fixed.row, torch.zeros_like(fixed.row))
    try:
        return exact_moments(cell.estimator, network)
    except Unsuitable:
        return None


def moment_records(cell: Cell, found: Moments, base: Ground) -> list[dict]:
    """The records that follow from exact mean and variance; also cosine and descent where there is no variance."""
    rounding, fixed = known(base.wide, torch.float64).rounding, []
    truth = Truth(base.truth.exact, base.truth.groups, base.truth.hidden, base.truth.loss, rounding)
    tallies = {group: exact_tally(truth, group, found.mean, found.variance) for group in truth.groups}
    if not cell.estimator.random:
        single = Accuracy(truth, (1,))
        single.add(found.mean[None])
        fixed = [(metric, draws) for metric in SAMPLED for draws in (cell.draws if metric in AVERAGED else (1,))]
    records = []
    for group, tally in tallies.items():
        verdict = exact_verdict(tally, truth, group)
        for metric, draws in wanted(cell.draws):
            if metric not in SAMPLED:
                records.append(record(group, metric, draws, measured(tally, metric, draws), "exact", 0)
                               | (said(verdict) if metric == "bias2" else {}))
        if fixed:
            alone = {metric: measured(one_tally([single], group), metric, 1) for metric in SAMPLED}
            records += [record(group, metric, draws, Estimate.exact(alone[metric].value), "exact", 0) for metric, draws in fixed]
    return records + hidden_records(truth, tallies, cell.draws, "exact", 0)
