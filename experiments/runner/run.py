"""Running cells: what is stored and current is read, the rest is measured in parallel, and a failure stops no other cell."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import torch
from joblib import Parallel, delayed

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import Measurement, measure_cell
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.parquet import load, parquet
from straightedge.analysis.store.place import checkout
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.estimators.network.error import InputError
from straightedge.experiments.runner.progress import progress

CORES = os.cpu_count() or 1
if "sched_getaffinity" in vars(os):
    CORES = len(os.sched_getaffinity(0))


class Failed(RuntimeError):
    """Some cells failed; the others are stored.  The message names each with its error."""


@dataclass(frozen=True)
class Done:
    """One cell's measurement, or the error in its place, so that one failure does not stop the others."""

    index: int
    measurement: Measurement | None
    error: Exception | None = None


def work(index: int, cell: Cell, threads: int) -> Done:
    """Measures the cell of this number; results come unordered."""
    torch.set_num_threads(threads)
    try:
        return Done(index, measure_cell(cell))
    except Exception as error:  # reported by name at the end
        return Done(index, None, error)


def run_cells(cells: Sequence[Cell], jobs: int | None = None, folder: Path | None = None) -> dict[Cell, pd.DataFrame]:
    """The records of every cell; with a folder, stored ones are read and new ones written as soon as they are there.

    Raises Failed after all cells were tried."""
    found: dict[Cell, pd.DataFrame] = {}
    for cell in cells:
        path = folder and folder / f"{cell.key()}.parquet"
        if path and path.is_file():
            found[cell] = load(path)[0]
    waiting = [cell for cell in dict.fromkeys(cells) if cell not in found]
    jobs = min(jobs or CORES, max(len(waiting), 1))
    failures: list[tuple[Cell, Exception]] = []
    results = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(work)(index, cell, max(1, CORES // jobs)) for index, cell in enumerate(waiting))
    with progress(len(waiting)) as advance:
        for done in results:
            cell = waiting[done.index]
            advance(f"{cell.problem.name}: {name_of(cell.estimator)}")
            if done.measurement is None:
                failures.append((cell, done.error))
                continue
            found[cell] = done.measurement.records
            if folder:
                metadata = {"cell": cell.values(), **done.measurement.run, **host()}
                replace(folder / f"{cell.key()}.parquet", parquet(found[cell], metadata))
    if failures and all(isinstance(error, InputError) for _, error in failures):
        raise failures[0][1]
    if failures:
        raise Failed("; ".join(f"{cell.problem.name}, {name_of(cell.estimator)}: {type(error).__name__}: {error}"
                               for cell, error in failures))
    return found


def host() -> dict:
    """Versions and machine, for the record; not part of any key."""
    root = checkout()
    revision = root and subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False).stdout.strip()
    return {"torch": torch.__version__, "numpy": version("numpy"), "python": platform.python_version(),
            "machine": platform.machine(), "cores": CORES, "revision": revision or None}
