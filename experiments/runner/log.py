"""The log of a folder of cells: a line of JSON for every cell that was measured, or failed, with its seconds.  Not a result."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from straightedge.analysis.cell.cell import Cell
from straightedge.estimators.catalogue.spelling import label_of

NAME = "log.jsonl"


@dataclass(frozen=True)
class Line:
    """What became of one cell."""

    problem: str
    label: str
    rows: int
    """Of all seeds."""
    seconds: float = 0.0
    host: str = ""
    fault: str = ""
    """Why it has no result; empty where it has."""
    key: str = ""
    date: str = ""

    @classmethod
    def of(cls, cell: Cell) -> "Line":
        """The line of this cell before it is measured."""
        return cls(cell.problem.name, label_of(cell.estimator), cell.rows * cell.seeds)


def named(line: Line) -> tuple[str, str]:
    """What an estimator on a problem is known by from run to run, whatever its key."""
    return line.problem, line.label


def write(folder: Path, line: Line) -> None:
    """Adds a line, in one write, so that two runs do not mix theirs."""
    text = json.dumps(asdict(line) | {"date": datetime.now(UTC).isoformat(timespec="seconds")}) + "\n"
    handle = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def read(folder: Path) -> list[Line]:
    """The lines of earlier runs, those that are whole."""
    path = folder / NAME
    return list(lines(path.read_text(errors="replace"))) if path.is_file() else []


def lines(text: str) -> Iterator[Line]:
    """The lines in this text; what is none is left out."""
    for part in text.splitlines():
        try:
            said = json.loads(part)
            yield Line(str(said["problem"]), str(said["label"]), int(said["rows"]), float(said["seconds"]),
                       **{field.name: str(said.get(field.name, "")) for field in fields(Line)[4:]})
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
