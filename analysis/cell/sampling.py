"""Sampling of one cell: rows block by block into running moments, one for each seed, until they suffice."""

import time
from collections.abc import Callable
from hashlib import sha256

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.truth import Truth
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.constant import constant
from straightedge.analysis.cell.memory import block_rows
from straightedge.analysis.cell.record import sampled_records
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.network.network import Network

Report = Callable[[int], object]
"""Is told of rows that were drawn, as they are."""


def silent(rows: int) -> None:
    """Tells nobody."""


def generator(seed: int | str, block: int, device: str) -> torch.Generator:
    """The generator of one block: estimators that share a seed share their uniforms, whatever else they draw."""
    digest = sha256(f"{seed} {block}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "little"))


class Stream:
    """The rows of one seed, drawn in blocks into running moments."""

    def __init__(self, cell: Cell, network: Network, accuracy: Accuracy, seed: int | str, report: Report = silent):
        self.cell, self.network, self.accuracy, self.seed, self.report = cell, network, accuracy, seed, report
        self.block = block_rows(network, cell.estimator)
        self.blocks, self.seconds = 0, 0.0
        self.fixed = constant(cell.problem, cell.device, cell.precision, cell.estimator)

    def grow(self, rows: int) -> None:
        """Draws until there are `rows`."""
        while self.accuracy.n < rows:
            n = min(self.block, rows - self.accuracy.n)
            if self.fixed is not None:
                self.seconds += self.fixed.seconds
                self.take(self.fixed.row.expand(n, -1))
                continue
            rng = generator(self.seed, self.blocks, self.cell.device)
            began = time.perf_counter()
            drawn = estimates(self.cell.estimator, self.network, n, rng)
            if self.cell.device != "cpu":
                torch.cuda.synchronize()
            self.seconds += time.perf_counter() - began
            self.take(drawn)

    def take(self, rows: Float[Tensor, "n d"]) -> None:
        """A block of rows."""
        self.accuracy.add(rows)
        self.blocks += 1
        self.report(len(rows))


def sample(cell: Cell, network: Network, truth: Truth, report: Report = silent) -> tuple[list[dict], dict]:
    """(records of every seed and of the whole, rows of a block and what ended the sampling)."""
    network = network.metered()
    streams = [Stream(cell, network, Accuracy(truth, cell.draws), seed, report) for seed in range(cell.seeds)]
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
    fixed = streams[0].fixed
    forwards, backwards = network.cost(rows * cell.seeds) if fixed is None else (fixed.forwards, fixed.backwards)
    records = sampled_records([stream.accuracy for stream in streams], range(cell.seeds))
    for stream in streams:
        common = {"seed": stream.seed, "method": "sampled", "rows": rows}
        cost = {"forwards": forwards, "backwards": backwards, "evaluations": forwards + backwards,
                "seconds": stream.seconds / (rows if cell.estimator.random else stream.blocks)}  # equal rows come from one call
        records += [{"group": "all", "metric": metric, "draws": 1, "value": value} | common for metric, value in cost.items()]
    return records, {"block": streams[0].block, "ended": ended, "rows": rows, "seconds": sum(stream.seconds for stream in streams)}
