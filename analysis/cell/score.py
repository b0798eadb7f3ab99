"""A cell of a problem's own numbers: the loss where no exact sum gives it, the quality of a code."""

from dataclasses import dataclass, field

import pandas as pd

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import Measurement, measure_cell
from straightedge.analysis.cell.record import record
from straightedge.analysis.problem.listener import LISTENER, Listener
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.scored import Scored
from straightedge.estimators.base import Estimator
from straightedge.estimators.exact import Exact


@dataclass(frozen=True)
class Score(Cell):
    """The scores of a problem.  `rows` are the steps of the course that leads there, for bars."""

    estimator: Estimator = field(default_factory=Exact)
    rows: int = 1
    seeds: int = 1

    def values(self):
        return {"cell": "score", "problem": self.problem.values()}

    def modules(self):
        return (__name__, *sorted({type(self.problem).__module__, *self.problem.makers()}))


def silent(steps: int, loss: float | None = None) -> None:
    """Hears nothing."""


def measured(cell: Cell, report: Listener = silent) -> Measurement:
    """What any cell gives."""
    if not isinstance(cell, Score):
        return measure_cell(cell, report)
    if not isinstance(cell.problem, Scored):
        raise ProblemError(f"{cell.problem.name}: it has no scores; expected a problem that says numbers of its own")
    token = LISTENER.set(report)
    try:
        found = cell.problem.scores()
    finally:
        LISTENER.reset(token)
    records = [record("all", name, 1, one, "sampled" if one.error else "exact", 0) for name, one in found.items()]
    return Measurement(pd.DataFrame(records), {})
