"""Sampling of one cell: rows chunk by chunk into running moments, one for each seed, until they suffice."""

import time
from hashlib import sha256

import torch

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.truth import Truth
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.record import sampled_records
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import Network


def generator(seed: int | str, chunk: int, device: str) -> torch.Generator:
    """The generator of one chunk: estimators that share a seed share their uniforms, whatever else they draw."""
    digest = sha256(f"{seed} {chunk}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "little"))


def chunk_rows(network: Network, budget: int, samples: int = 1) -> int:
    """Rows that are held at once within `budget` bytes: estimates, and some twelve tensors of the units' size for each of the `samples`
    that an estimate is made of.

    Raises InputError where not even one fits."""
    size = network.theta.element_size()
    row = size * (4 * len(network.theta) + 12 * samples * len(network.inputs) * (sum(network.widths) + network.outputs))
    if row > budget:
        of = f" of {samples} samples" if samples > 1 else ""
        raise InputError(f"the memory budget of {budget / 2**20:.3g} MiB is too small for one row{of} of {len(network.theta)} "
                         f"parameters and {len(network.inputs)} data points; expected at least {row / 2**20:.3g} MiB")
    return max(1, min(4096, budget // row))


class Stream:
    """The rows of one seed, drawn in chunks into running moments."""

    def __init__(self, cell: Cell, network: Network, accuracy: Accuracy, seed: int | str, step: int):
        self.cell, self.network, self.accuracy, self.seed, self.step = cell, network, accuracy, seed, step
        self.chunks, self.seconds = 0, 0.0

    def grow(self, rows: int) -> None:
        """Draws until there are `rows`."""
        while self.accuracy.n < rows:
            n = min(self.step, rows - self.accuracy.n)
            rng = generator(self.seed, self.chunks, self.cell.device)
            began = time.perf_counter()
            drawn = estimates(self.cell.estimator, self.network, n, rng)
            if self.cell.device != "cpu":
                torch.cuda.synchronize()
            self.seconds += time.perf_counter() - began
            self.accuracy.add(drawn)
            self.chunks += 1


def sample(cell: Cell, network: Network, truth: Truth) -> tuple[list[dict], dict]:
    """(records of every seed and of the whole, chunk size and what ended the sampling)."""
    network, step = network.metered(), chunk_rows(network, cell.memory << 20, cell.estimator.samples)
    if not cell.estimator.random:
        step = min(step, 64)
    streams = [Stream(cell, network, Accuracy(truth, cell.draws), seed, step) for seed in range(cell.seeds)]
    rows, ended = cell.rows if cell.estimator.random else max(2, *cell.draws), "rows"
    began, held = time.perf_counter(), 0
    while True:
        for stream in streams:
            stream.grow(rows)
        if cell.until is None:
            break
        held = held + 1 if cell.until.met([stream.accuracy for stream in streams]) else 0
        if held == 2:  # once may be luck, which the second half of the rows does not share
            ended = "tolerance"
            break
        if rows >= cell.until.rows or time.perf_counter() - began > cell.until.seconds:
            ended = "rows" if rows >= cell.until.rows else "seconds"
            break
        rows = min(2 * rows, cell.until.rows)
    forwards, backwards = network.cost(rows * cell.seeds)
    records = sampled_records([stream.accuracy for stream in streams], range(cell.seeds))
    for stream in streams:
        common = {"seed": stream.seed, "method": "sampled", "rows": rows}
        cost = {"forwards": forwards, "backwards": backwards, "evaluations": forwards + backwards,
                "seconds": stream.seconds / (rows if cell.estimator.random else stream.chunks)}  # equal rows come from one call
        records += [{"group": "all", "metric": metric, "draws": 1, "value": value} | common for metric, value in cost.items()]
    return records, {"chunk": step, "ended": ended, "rows": rows, "seconds": sum(stream.seconds for stream in streams)}
