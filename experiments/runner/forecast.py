"""What cells will cost, told before they are measured: from an earlier run where its log has them, else from the shapes alone.

A guess: it orders cells, the largest first, and says whether to wait or to go home."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.memory import counted
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.problem.problem import Problem
from straightedge.experiments.runner.log import Line, named

CELL, UNIT, OPERATION, STEP = 0.02, 4e-8, 2e-10, 3e-3
"""Seconds of a cell as such, of one unit at one data point in one row, of one operation of an exact sum, and of one step of training a
small network, on one core of 2020 or so."""
WORTH = 30.0
"""Seconds of a run from which on its length is told before it starts."""


def forecast(cells: Sequence[Cell], log: Sequence[Line] = ()) -> dict[Cell, float]:
    """Seconds of each cell on one core."""
    known, found = {named(line): line for line in log if line.seconds}, {}
    trained: set[Problem] = set()
    for cell in cells:
        found[cell] = earlier(cell, known) or effort(cell) + (0.0 if cell.problem in trained else training(cell.problem))
        trained.add(cell.problem)
    return found


def earlier(cell: Cell, known: Mapping[tuple[str, str], Line]) -> float:
    """What this cell took in an earlier run, in proportion to its rows; 0 where there was none."""
    line = known.get(named(Line.of(cell)))
    return line.seconds * max(0.05, cell.rows * cell.seeds / max(1, line.rows)) if line else 0.0


def effort(cell: Cell) -> float:
    """Seconds, from the shapes alone."""
    if isinstance(cell, Lesson):
        return CELL + STEP * cell.rows * (cell.seeds - 1)  # the first course is the problem's training
    widths, points = shape(cell.problem)
    samples = counted(cell.estimator, "samples", 1)
    rows = 0 if cell.method == "exact" else cell.seeds * (cell.rows if cell.estimator.random else 64)
    drawn = UNIT * rows * samples * points * sum(widths)
    sums = 0.0 if cell.reference else OPERATION * points * 2.0 ** min(widths[0], 60) + sum(
        OPERATION * 2.0 ** min(below + above, 60) for below, above in pairwise(widths))
    return CELL + drawn + 8 * sums


def training(problem: Problem) -> float:
    """Seconds of making a problem that is trained, which its other cells share."""
    return STEP * counted_value(vars(problem), "steps", 0)


def shape(problem: Problem) -> tuple[tuple[int, ...], int]:
    """(widths, data points): of a made problem from its values, since making it may take training; of a given one from its network."""
    values = vars(problem)
    if isinstance(values.get("widths"), tuple) and values["widths"]:
        return values["widths"], values.get("points", 200)
    if "steps" in values or "points" in values:
        return (counted_value(values, "width", 5),) * counted_value(values, "depth", 1), counted_value(values, "points", 200)
    network = problem.build()
    return tuple(network.widths), len(network.inputs)


def counted_value(values: Mapping[str, object], name: str, other: int) -> int:
    """A field that counts, or the other number."""
    value = values.get(name, other)
    return value if isinstance(value, int) else other


def ordered(cells: Sequence[Cell], seconds: Mapping[Cell, float]) -> list[Cell]:
    """The cells in the order in which they are best begun: the problem of the largest cell first, and of a problem the largest first, so
    that processes end together and no exact sum is forgotten before its last cell."""
    largest: dict[Problem, float] = {}
    for cell in cells:
        largest[cell.problem] = max(largest.get(cell.problem, 0.0), seconds[cell])
    rank = {problem: place for place, problem in enumerate(sorted(largest, key=lambda problem: -largest[problem]))}
    return sorted(cells, key=lambda cell: (rank[cell.problem], -seconds[cell]))


def words(seconds: float) -> str:
    """A time for a reader."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
