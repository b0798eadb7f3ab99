"""The command `measure`: a table of accuracies for anybody's own network."""

import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pandas as pd
import torch
import tyro

from straightedge.analysis.accuracy.summary import summary
from straightedge.analysis.cell.cell import Cell, Method, Precision, Reference
from straightedge.analysis.cell.paired import paired
from straightedge.analysis.cell.table import table, text
from straightedge.analysis.cell.until import Until
from straightedge.analysis.problem.archive import Archive
from straightedge.analysis.problem.problem import LossName, NoiseName, States
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.parquet import parquet
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_cost, require_exact
from straightedge.experiments.runner.run import run_cells

ENDINGS = (".csv", ".json", ".parquet")
Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]


@dataclass(frozen=True)
class Options:
    """Measures estimators on a network from a file: bias, variance, RMSE and cosine against the exact gradient, layer by layer."""

    network: Path
    """An npz with w0 [units, inputs], b0, w1, b1, .. up to the output layer, X [points, inputs] and Y; never a pickle."""
    estimator: Several = ()
    """Name of an estimator, as often as you like; hyper-parameters after a colon: reinforce:baseline=leave_one_out,samples=4."""
    states: States = "+-1"
    """The two states of a unit."""
    noise: NoiseName = "logistic"
    """F(a) = P(upper state): logistic is 1 / (1 + exp(-a)), logistic2 is 1 / (1 + exp(-2 a))."""
    loss: LossName = "cross_entropy"
    rows: int = 10_000
    """Estimates of each seed."""
    draws: tuple[int, ...] = (1,)
    """Numbers M of estimates averaged, for rmse and cosine."""
    seeds: int = 10
    """Independent replicates; their spread gives the errors."""
    method: Method = "auto"
    """auto: exact moments where the estimator has them; sampled: never; exact: nothing else."""
    until: str | None = None
    """Adds rows until a 95 % interval is tight: 'bias 1%%', 'cosine 0.01', 'rmse 2%%', 'along 0.01', 'descent 0.01'."""
    max_rows: int = 1_000_000
    """Ceiling of --until, rows of each seed."""
    max_seconds: float = 300.0
    """Ceiling of --until, seconds for each estimator."""
    against: str | None = None
    """One of the estimators: adds the differences of the others' errors from its errors, paired by seed."""
    reference: str | None = None
    """For a network too wide for exact tables: an unbiased estimator whose long run takes the exact gradient's place."""
    reference_rows: int = 100_000
    """Estimates of that run; its own error is subtracted wherever a square of it enters."""
    device: str = "cpu"
    """Where rows are drawn: cpu, cuda, cuda:1."""
    precision: Precision = "float64"
    """Of the rows; the exact gradient and the statistics are float64 always."""
    memory: int = 128
    """MiB for one chunk of rows."""
    jobs: int | None = None
    """Processes; all cores if not given."""
    out: Path | None = None
    """.csv, .json or .parquet; without it a readable table is printed."""
    plugins: Path | None = field(default=None)
    """A folder with estimators of your own."""


def plan(options: Options) -> list[Cell]:
    """One cell an estimator, from checked options."""
    for name, least in (("rows", 2), ("seeds", 1), ("memory", 1), ("max_rows", 2), ("reference_rows", 2)):
        if getattr(options, name) < least:
            raise InputError(f"--{name.replace('_', '-')}: expected a whole number from {least}, got {getattr(options, name)}")
    if not options.estimator:
        raise InputError("--estimator: expected at least one name; `python -m experiments` lists them")
    if not options.draws or min(options.draws) < 1 or max(options.draws) > options.rows:
        raise InputError(f"--draws: expected whole numbers from 1 to the number of rows, {options.rows}, got "
                         f"{' '.join(map(str, options.draws)) or 'none'}")
    until = Until.parse(options.until, options.max_rows, options.max_seconds) if options.until is not None else None
    if until and options.seeds < 2:
        raise InputError("--until: expected two seeds or more, whose spread gives the interval")
    if options.against is not None and estimator_of(options.against) not in [estimator_of(name) for name in options.estimator]:
        raise InputError(f"--against: {options.against} is not measured; expected one of {', '.join(options.estimator)}")
    device(options.device)
    if options.out:
        writable(options.out)
    reference = Reference(estimator_of(options.reference), options.reference_rows) if options.reference else None
    if reference and not reference.estimator.unbiased:
        raise InputError(f"--reference: {options.reference} is biased; expected an unbiased estimator such as reinforce or arm")
    if reference and options.method == "exact":
        raise InputError("--reference: a sampled reference goes with --method auto or sampled, not with exact")
    estimators = [estimator_of(name) for name in dict.fromkeys(options.estimator)]
    problem = Archive(str(options.network), options.states, options.noise, options.loss)
    network = problem.build()
    if not reference:
        announce(network)
    return [Cell(problem, one, options.rows, options.seeds, tuple(dict.fromkeys(options.draws)), options.method,
                 options.device, options.precision, options.memory, until, reference) for one in estimators]


def announce(network: Network) -> None:
    """Refuses what does not fit; says what the exact gradient will cost where that is more than a moment."""
    try:
        require_exact(network)
    except Unsuitable as error:
        raise Unsuitable(f"{error}; or give --reference reinforce:baseline=leave_one_out,samples=2") from None
    needed = exact_cost(network)
    if needed.operations > 1e10:
        print(f"the exact gradient takes {needed}", file=sys.stderr)


def device(name: str) -> None:
    """Refuses a device that is not there."""
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError):
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise InputError(f"--device: {name!r} is not here; expected one of {', '.join(there)}") from None


def writable(path: Path) -> None:
    """Refuses a place that cannot be written, before anything is measured."""
    if path.suffix not in ENDINGS:
        raise InputError(f"--out: expected a name that ends in {', '.join(ENDINGS)}, got {path}")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"--out: {path} cannot be written; expected a file in a folder that exists")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)
    except OSError as error:
        raise InputError(f"--out: {path} cannot be written ({error.strerror}); expected a folder that you may write to") from None
    os.close(handle)
    Path(name).unlink()


def perform(options: Options) -> pd.DataFrame:
    """The table of the measurement; it is written where --out says."""
    cells = plan(options)
    records = run_cells(cells, options.jobs)
    labelled = table(cells, records).drop(columns="problem")
    if options.until:
        labelled["ended"] = [ended for cell in cells for ended in [records[cell].ended.iloc[0]] * len(summary(records[cell]))]
    if options.against:
        labelled = pd.concat([labelled, paired(cells, records, estimator_of(options.against))], ignore_index=True)
    frame = labelled.drop(columns="label")
    if options.out:
        data = {".csv": lambda: text(frame).encode(), ".parquet": lambda: parquet(frame),
                ".json": lambda: frame.to_json(orient="records", indent=1).encode()}[options.out.suffix]()
        replace(options.out, data)
    return labelled
