"""A long run of an unbiased estimator in the place of the exact gradient: which estimator, how long, how sure."""

import time

import torch
from torch import Tensor

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.accuracy.sums import Sums
from straightedge.analysis.accuracy.truth import Truth
from straightedge.analysis.cell.cell import Cell, Reference
from straightedge.analysis.cell.record import record
from straightedge.analysis.cell.sampling import Stream
from straightedge.analysis.problem.module import require_suited
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network

TRIED = ("reinforce:baseline=leave_one_out,samples=4", "disarm", "local_expectation", "muprop")
"""Unbiased, on every network or saying why not, and without learning."""
TRIAL = 64
"""Estimates of each that is tried; at most SECONDS are spent on it."""
SECONDS = 2.0
SHARE = 0.05
"""The error of a run, in parts of the gradient's length, where none is stated."""


def quickest(network: Network) -> Estimator:
    """The estimator with the least variance per second on this network, of those tried."""
    scores: dict[Estimator, float] = {}
    for estimator in map(estimator_of, TRIED):
        try:
            require_suited(estimator, network)
            estimator.check(network)
            scores[estimator] = variance_for_time(estimator, network)
        except Unsuitable:
            continue
    return min(scores, key=lambda one: scores[one])


def variance_for_time(estimator: Estimator, network: Network) -> float:
    """tr Cov of one estimate times its seconds."""
    rng = torch.Generator(network.theta.device).manual_seed(0)
    estimator(network, 2, rng)
    rows: list[Tensor] = []
    began = time.perf_counter()
    while len(rows) < TRIAL // 8 and (not rows or time.perf_counter() - began < SECONDS):
        rows.append(estimator(network, 8, rng).detach())
    drawn = torch.cat(rows)
    return float(drawn.var(0).sum()) * (time.perf_counter() - began) / len(drawn)


def long_run(cell: Cell, network: Network, reference: Reference) -> Accuracy:
    """The run: its rows are doubled until its error is small enough, or all are drawn."""
    reference.estimator.check(network)
    accuracy = Accuracy(Truth(torch.zeros_like(network.theta), {}), ())
    stream = Stream(cell, network, accuracy, "reference")
    rows = reference.rows if not reference.share else min(reference.rows, 256)
    while True:
        stream.grow(rows)
        if rows >= reference.rows or error_of(accuracy.sums, slice(None)) <= reference.share:
            return accuracy
        rows = min(2 * rows, reference.rows)


def error_of(sums: Sums, where: slice) -> float:
    """The error of a run's mean over the length of the gradient that it tells; infinite where it does not tell it from nothing."""
    own = sums.at(where)
    error2 = float(own.variance.sum()) / own.n
    length2 = float(own.mean.square().sum()) - error2
    return float((error2 / length2) ** 0.5) if length2 > 0 else float("inf")


def reference_records(truth: Truth) -> list[dict]:
    """The run's error in parts of |g|, by group; nothing where the gradient is exact."""
    run = truth.run
    return [] if run is None else [
        record(group, "reference_error", 1, Estimate.exact(error_of(run.sums, where)), "sampled", run.sums.n)
        for group, where in truth.groups.items()]
