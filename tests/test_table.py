"""The tidy table's columns."""

from dataclasses import dataclass

import pytest

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import measure_cell
from straightedge.analysis.cell.table import COLUMNS, columns, table
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.exact


@dataclass(frozen=True)
class Mine(StraightThrough):
    """With a field that is called as a column of every table."""

    draws: int = 7


def test_a_field_may_be_called_as_a_column():
    problem = Points((2, 2), points=20)
    assert columns(Cell(problem, Mine(), 100, 2))["estimator_draws"] == 7
    cell = Cell(problem, StraightThrough(), 100, 2)
    found = table([cell], {cell: measure_cell(cell).records})
    assert set(found.columns) <= COLUMNS
    assert {"draws", "value", "group", "detected"} <= set(found.columns)
