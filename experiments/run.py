"""Running cells: what is stored and current is read, the rest is measured in parallel, and the table is complete or not made."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pandas as pd
import torch
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from analysis import store
from analysis.summary import summary
from estimators.error import InputError
from experiments.cell import Cell, label, name
from experiments.measure import measure

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Failed(RuntimeError):
    """Some cells failed; the others are stored.  The message names each with its error."""


def columns(cell: Cell, fields: Sequence[str] = ()) -> dict:
    """What a cell's rows of a table begin with: the problem's name, the estimator's, problem_<field> for these fields of the
    problem, the estimator's hyper-parameters."""
    names = {"problem": cell.problem.name, "label": label(cell.estimator), "estimator": name(cell.estimator)}
    values = cell.problem.values()
    return names | {f"problem_{field}": values.get(field) for field in fields} | asdict(cell.estimator)


def work(cell: Cell, threads: int) -> tuple[pd.DataFrame, dict] | Exception:
    """The measurement, or the error in its place, so that one failure does not stop the others."""
    torch.set_num_threads(threads)
    try:
        return measure(cell)
    except Exception as error:  # noqa: BLE001 - reported by name at the end
        return error


def measured(cells: Sequence[Cell], jobs: int | None = None, folder: Path | None = None) -> dict[Cell, pd.DataFrame]:
    """The records of every cell; with a folder, stored ones are read and new ones written as soon as they are there.

    Raises Failed after all cells were tried."""
    found: dict[Cell, pd.DataFrame] = {}
    for cell in cells:
        path = folder and folder / f"{cell.key()}.parquet"
        if path and path.is_file():
            found[cell] = store.load(path)[0]
    waiting = [cell for cell in dict.fromkeys(cells) if cell not in found]
    jobs = min(jobs or CORES, max(len(waiting), 1))
    failures = []
    results = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(numbered)(index, cell, max(1, CORES // jobs)) for index, cell in enumerate(waiting))
    with progress(len(waiting)) as advance:
        for index, result in results:
            cell = waiting[index]
            advance(f"{cell.problem.name}: {name(cell.estimator)}")
            if isinstance(result, Exception):
                failures.append((cell, result))
                continue
            found[cell], info = result
            if folder:
                metadata = {"cell": cell.values(), **info, **host()}
                store.replace(folder / f"{cell.key()}.parquet", store.parquet(found[cell], metadata))
    if failures and all(isinstance(error, InputError) for _, error in failures):
        raise failures[0][1]
    if failures:
        raise Failed("; ".join(f"{cell.problem.name}, {name(cell.estimator)}: {type(error).__name__}: {error}"
                               for cell, error in failures))
    return found


def numbered(index: int, cell: Cell, threads: int):
    """Results come unordered: each carries its index."""
    return index, work(cell, threads)


def table(cells: Sequence[Cell], records: dict[Cell, pd.DataFrame], keyed: bool = False,
          fields: Sequence[str] = ()) -> pd.DataFrame:
    """The tidy table of all cells, in their order, with these fields of their problems; complete, every combination once."""
    parts = []
    for cell in cells:
        part = summary(records[cell])
        for position, (column, value) in enumerate(columns(cell, fields).items()):
            part.insert(position, column, "-".join(map(str, value)) if isinstance(value, tuple) else value)
        if keyed:
            part["key"] = cell.key()
        parts.append(part)
    hyper = [column for part in parts for column in part.columns[3:part.columns.get_loc("group")]]
    whole = pd.concat(parts, ignore_index=True)
    order = ["problem", "label", "estimator", *dict.fromkeys(hyper)]
    for column in dict.fromkeys(hyper):  # whole numbers stay whole beside estimators without the column
        whole[column] = whole[column].convert_dtypes()
    return whole[[*order, *(column for column in whole.columns if column not in order)]]


def text(frame: pd.DataFrame) -> str:
    """The table as CSV: six digits, so that equal science gives equal files."""
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def read(path: Path) -> pd.DataFrame:
    """A table written by `text`; the empty string stays the empty string in the columns of words."""
    frame = pd.read_csv(StringIO(path.read_text()), dtype={"key": str, "verdict": str})
    return frame.fillna({"verdict": ""})


def host() -> dict:
    """Versions and machine, for the record; not part of any key."""
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=store.ROOT, capture_output=True, text=True, check=False)
    return {"torch": torch.__version__, "numpy": version("numpy"), "python": platform.python_version(),
            "machine": platform.machine(), "cores": CORES, "revision": revision.stdout.strip()}


class progress:  # noqa: N801 - used as a function in a with statement
    """A bar on standard error where that is a terminal, nothing elsewhere."""

    def __init__(self, total: int):
        self.bar = None
        if sys.stderr.isatty() and total:
            self.bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                                console=Console(stderr=True), transient=True)
            self.task = self.bar.add_task("measuring", total=total)

    def __enter__(self):
        if self.bar:
            self.bar.start()
        return self.advance

    def advance(self, what: str) -> None:
        if self.bar:
            self.bar.update(self.task, advance=1, description=what)

    def __exit__(self, *_):
        if self.bar:
            self.bar.stop()


