"""Differences of two estimators' errors, paired by seed: with common random numbers they are known better than either error."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from straightedge.analysis.accuracy.summary import deviation, quantile
from straightedge.analysis.cell.cell import Cell
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import label_of, name_of

METRICS = ("bias2", "variance", "mse", "cosine", "descent")


def paired(cells: Sequence[Cell], records: dict[Cell, pd.DataFrame], reference: Estimator) -> pd.DataFrame:
    """One row for each (other estimator, group, metric, draws): its value minus the reference's, and `against`.

    mse is of the mean of M rows, not relative.  A value known exactly stands for every seed."""
    base = next(cell for cell in cells if cell.estimator == reference)
    rows = []
    for cell in cells:
        if cell.estimator == reference:
            continue
        for (group, metric, draws), values in wide(records[cell]).items():
            other = wide(records[base]).get((group, metric, draws))
            if other is None:
                continue
            rows.append({"label": label_of(cell.estimator), "estimator": name_of(cell.estimator), **asdict(cell.estimator),
                         "group": group, "metric": f"{metric}_difference", "draws": draws, "against": label_of(reference),
                         "rows": max(values[1], other[1]), **interval(values[0], other[0])})
    return pd.DataFrame(rows)


def differences(cells: Sequence[Cell], records: dict[Cell, pd.DataFrame], reference: Estimator) -> pd.DataFrame:
    """The paired differences on every problem, with the columns `problem` and `key` of a study's table."""
    parts = []
    for problem in dict.fromkeys(cell.problem for cell in cells):
        group = [cell for cell in cells if cell.problem == problem]
        part, keys = paired(group, records, reference), {label_of(cell.estimator): cell.key() for cell in group}
        parts.append(part.assign(problem=problem.name, key=part.label.map(keys)))
    return pd.concat(parts, ignore_index=True)


def wide(records: pd.DataFrame) -> dict[tuple, tuple[pd.Series, int]]:
    """(group, metric, draws) -> (value by seed, rows)."""
    kept = records[records.metric.isin(METRICS)]
    found = {}
    for key, part in kept.groupby(["group", "metric", "draws"], sort=False):
        single = part[part.seed >= 0]
        part = single if len(single) else part
        if len(single) or part.method.iloc[0] == "exact":
            found[key] = part.set_index("seed").value, int(part["rows"].max())
    return found


def interval(values: pd.Series, other: pd.Series) -> dict:
    """The mean difference over seeds with its 95 % interval; exact where both are."""
    exact = [part.index[0] == -1 for part in (values, other)]
    if all(exact):
        difference = values.iloc[0] - other.iloc[0]
        return {"value": difference, "error": 0.0, "low": difference, "high": difference, "seeds": 1, "method": "exact"}
    difference = other.rsub(float(values.iloc[0])) if exact[0] else values - (float(other.iloc[0]) if exact[1] else other)
    error = deviation(difference) / np.sqrt(len(difference))
    half = quantile(len(difference)) * error
    return {"value": float(difference.mean()), "error": error, "low": difference.mean() - half, "high": difference.mean() + half,
            "seeds": len(difference), "method": "sampled"}
