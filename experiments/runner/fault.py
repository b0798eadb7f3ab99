"""What went wrong with a cell, as plain words: the exception itself stays where it was raised, since it may not survive the way."""

import traceback
from dataclasses import dataclass
from inspect import getsourcefile

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.store.display import sentence
from straightedge.estimators.catalogue.spelling import label_of
from straightedge.estimators.network.error import InputError


@dataclass(frozen=True)
class Fault:
    """Why a cell has no result."""

    kind: str
    """The exception's class; none where the process ended, or was ended."""
    message: str
    file: str = ""
    line: int = 0
    mendable: bool = False
    """Whether the user can mend it by other input."""

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.kind, self.message) if part)
        return f"{said} ({self.file}, line {self.line})" if self.file else said


def fault(error: BaseException, cell: Cell) -> Fault:
    """The fault that an exception is: with the last line of the estimator's own file that was reached, else the last of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == source(cell)] or frames[-1:]
    file, line = (own[-1].filename, own[-1].lineno or 0) if own else ("", 0)
    return Fault(type(error).__name__, sentence(message(error)), "" if isinstance(error, InputError) else sentence(file), line,
                 isinstance(error, InputError))


def source(cell: Cell) -> str | None:
    """The file of the cell's estimator."""
    try:
        return getsourcefile(type(cell.estimator))
    except TypeError:  # a class typed at a prompt has none
        return None


def message(error: BaseException) -> str:
    """What the exception says, or that it cannot."""
    try:
        return str(error)
    except Exception:  # foreign code
        return "it cannot say what"


def told(cell: Cell, found: Fault) -> str:
    """The cell by name with its fault, in one line; a process that ended says no line, the estimator's file is named all the same."""
    where = "" if found.kind or source(cell) is None else f" ({source(cell)})"
    return sentence(f"{cell.problem.name}, {label_of(cell.estimator)}: {found}{where}")
