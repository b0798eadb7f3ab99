"""The tidy table of measured cells, and its form as a file."""

from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path

import pandas as pd

from straightedge.analysis.accuracy.summary import summary
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.store.spreadsheet import guarded, unguarded
from straightedge.estimators.catalogue.spelling import label_of, name_of

COLUMNS = frozenset(("problem", "label", "estimator", "group", "metric", "draws", "value", "error", "low", "high", "rows", "seeds",
                     "method", "verdict", "outcome", "detected", "bound", "mapped", "against", "key"))
"""Of every table; an estimator's field of such a name gets the column estimator_NAME."""


def columns(cell: Cell, fields: Sequence[str] = ()) -> dict:
    """What a cell's rows of a table begin with: the problem's name, the estimator's, problem_<field> for these fields of the
    problem, the estimator's hyper-parameters."""
    names = {"problem": cell.problem.name, "label": label_of(cell.estimator), "estimator": name_of(cell.estimator)}
    values = cell.problem.values()
    return names | {f"problem_{field}": values.get(field) for field in fields} | {
        f"estimator_{field}" if field in COLUMNS or field.startswith("problem_") else field: value
        for field, value in asdict(cell.estimator).items()}


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
    return guarded(frame).to_csv(index=False, float_format="%.6g", lineterminator="\n")


def read(path: Path) -> pd.DataFrame:
    """A table written by `text`; the empty string stays the empty string in the columns of words."""
    return parsed(path.read_text())


def parsed(written: str) -> pd.DataFrame:
    """The table from its text."""
    frame = pd.read_csv(StringIO(written), dtype={"key": str, "verdict": str, "outcome": str, "detected": "boolean"}, low_memory=False)
    return unguarded(frame.fillna({"verdict": "", "outcome": ""}))
