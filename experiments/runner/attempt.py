"""The measurement of one cell whatever its estimator does, and its way across a process border: as lines of JSON, never as objects."""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import Measurement
from straightedge.analysis.cell.score import measured as measure_cell
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.problem.listener import LISTENER
from straightedge.experiments.runner.fault import Fault, fault


@dataclass(frozen=True)
class Attempt:
    """What became of a cell: its records, or a fault in their place."""

    columns: bytes | None
    """As JSON, in which they are also stored."""
    run: dict
    fault: Fault | None = None


def attempt(cell: Cell, threads: int, heard: Callable[[int, float | None], object] | None = None) -> str:
    """Measures the cell; the attempt as JSON: what is told of it, and a line of records.  `heard` is told how many rows are drawn, or steps
    made, and the loss where there is one.  Also what is meant to end a process, as sys.exit, is a fault of this cell alone."""
    threads = 1 if isinstance(cell, Lesson) else threads  # steps on mini-batches are too small to be divided
    torch.set_num_threads(threads)
    began, drawn = time.perf_counter(), 0

    def report(rows: int, loss: float | None = None) -> None:
        nonlocal drawn
        drawn += rows
        if heard:
            heard(drawn, loss)

    def learning(steps: int, loss: float | None = None) -> None:  # training before a measurement counts no rows
        if heard:
            heard(drawn, loss)

    LISTENER.set(learning)
    try:
        found = Measurement(cell.records(report), {}) if isinstance(cell, Lesson) else measure_cell(cell, report)
        run = found.run | {"elapsed": round(time.perf_counter() - began, 3), "threads": threads, "node": platform.node()}
        return json.dumps({"run": run}) + "\n" + json.dumps({name: found.records[name].tolist() for name in found.records.columns})
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return refused(fault(error, cell))


def refused(found: Fault) -> str:
    """The attempt that a fault is, as JSON."""
    return json.dumps({"fault": asdict(found)})


def attempt_of(text: str) -> Attempt:
    """The attempt in this JSON."""
    head, _, columns = text.partition("\n")
    said = json.loads(head)
    if "fault" in said:
        return Attempt(None, {}, Fault(**said["fault"]))
    return Attempt(columns.encode(), said["run"])
