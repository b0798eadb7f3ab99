"""Running cells: what is stored and sound is read, the rest is measured, stored as it is finished, and a failure stops no other cell."""

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from functools import cache
from pathlib import Path

import pandas as pd

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.file import Together, writable
from straightedge.analysis.store.key import key as key_of
from straightedge.analysis.store.key import origin
from straightedge.analysis.store.place import shown
from straightedge.analysis.store.record import ENDING, Damaged, Record, frames, opened, sealed
from straightedge.estimators.network.error import Failed, InputError
from straightedge.experiments.runner import log
from straightedge.experiments.runner.attempt import Attempt, attempt_of
from straightedge.experiments.runner.fault import Fault, told
from straightedge.experiments.runner.forecast import forecast, ordered
from straightedge.experiments.runner.host import now
from straightedge.experiments.runner.progress import progress
from straightedge.experiments.runner.spread import processes, spread

FEW = 6


class Stopped(KeyboardInterrupt):
    """The user stopped the run.  The message says what is kept."""


@dataclass(frozen=True)
class Ran:
    """What a run of cells gave."""

    records: dict[Cell, pd.DataFrame]
    faults: dict[Cell, Fault]
    read: int
    """Cells that were stored already."""
    metadata: dict[Cell, dict] = field(default_factory=dict)
    """What is known of the run of every cell with records."""

    def sentence(self) -> str:
        """The cells that failed, each with its reason, the first few by name."""
        named = [told(cell, found) for cell, found in list(self.faults.items())[:FEW]]
        return "; ".join(named + ([f"and {len(self.faults) - FEW} more"] if len(self.faults) > FEW else []))

    def check(self) -> None:
        """Raises InputError where nothing but what the user can mend went wrong, and with every cell; Failed where something else did."""
        if self.faults and not self.records and all(found.mendable for found in self.faults.values()):
            raise InputError(next(iter(self.faults.values())).message)
        if self.faults:
            raise Failed(self.sentence())


def run_cells(cells: Sequence[Cell], jobs: int | None = None, folder: Path | None = None, timeout: float | None = None,
              scheduler: str | None = None, verbose: bool = False) -> Ran:
    """The records of every cell; with a folder, stored ones are read and new ones written as soon as they are there.

    Raises OSError where the folder cannot be written, and Stopped where the user stops it; what was finished is kept then too."""
    if folder:
        writable(folder)
    cells = list(dict.fromkeys(cells))
    found = read([cell for cell in cells if keyed(cell)], folder) if folder else {}
    faults: dict[Cell, Fault] = {}
    files = Together()
    before, waiting = len(found), [cell for cell in cells if cell not in found]
    seconds = forecast(waiting, log.read(folder) if folder else ())
    waiting = ordered(waiting, seconds)
    try:
        with progress(waiting, seconds, processes(waiting, jobs), verbose) as course:
            for index, text in spread(waiting, jobs, timeout, scheduler, course.rows):
                cell, done = waiting[index], attempt_of(text)
                record = Record(done.columns or b"", described(cell, done.run))
                key = record.metadata["key"]
                course.end(index, done.run.get("elapsed", 0.0))
                if folder:
                    log.write(folder, line(cell, key, done))
                if done.columns is None:
                    faults[cell] = done.fault or Fault("", "it said nothing")
                    continue
                if folder and keyed(cell):
                    files.replace(folder / f"{key}{ENDING}", sealed(record))
                found[cell] = record
    except KeyboardInterrupt:
        kept = f"{len(found)} of {len(cells)} cells are kept, the same command goes on from there" if folder else "nothing is kept"
        raise Stopped(f"stopped; {kept}") from None
    finally:
        files.close()
    if waiting:
        found = {cell: found[cell] for cell in cells if cell in found}
    try:
        with uncollected():
            records = dict(zip(found, frames(list(found.values())), strict=True))
    except Damaged as error:  # not by chance, for its digest is right
        raise Failed(f"{shown(folder) if folder else 'a run'}: {error}; remove that file") from None
    return Ran(records, faults, before, {cell: record.metadata for cell, record in found.items()})


def line(cell: Cell, key: str, done: Attempt) -> log.Line:
    """What the log says of an attempt at the cell of this key."""
    return replaced(log.Line.of(cell), seconds=done.run.get("elapsed", 0.0), host=done.run.get("node", ""), key=key,
                    fault="" if done.fault is None else str(done.fault))


def read(cells: Sequence[Cell], folder: Path) -> dict[Cell, Record]:
    """The stored records of these cells, those of the sound files alone; a line on standard error about every other file."""
    there, found = {path.name: path for path in folder.glob(f"*{ENDING}")}, {}
    with uncollected():
        for cell in cells:
            values = cell.values()
            key = key_of(values, cell.modules())
            path = there.get(f"{key}{ENDING}")
            if path is None:
                continue
            try:
                found[cell] = opened(path, key, values)
            except Damaged as error:
                print(visible(f"{shown(path)} is not believed: {error}; it is measured anew"), file=sys.stderr)
    return found


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for garbage meanwhile: among thousands of results, none of them garbage, it took half the time of reading them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def keyed(cell: Cell) -> bool:
    """Whether the cell's key follows all code that measures it: not of a class typed at a prompt, nor of a function named as
    module:function.  Such cells are not stored."""
    named = any(":" in value for value in vars(cell.estimator).values() if isinstance(value, str))
    return not named and filed(cell.modules())


@cache
def filed(modules: tuple[str, ...]) -> bool:
    """Whether every one of these modules is a file of the project."""
    return all(origin(name) is not None for name in modules)


def described(cell: Cell, run: dict) -> dict:
    """What is told of a cell beside its records: its key and values, the code that measured it, where and when."""
    values, modules = cell.values(), cell.modules()
    return {"key": key_of(values, modules), "cell": values, "modules": modules, "run": run, **now()}
