"""From a cell's records to its summary: a row for each group, metric and number of draws.

Records with seed -1 are of the whole cell and stand as they are.  What has records of single seeds alone, costs, becomes their mean,
with its standard error and the interval by Student's t.
"""

import numpy as np
import pandas as pd
from scipy.stats import t

LEVEL = 0.95
COLUMNS = ["group", "metric", "draws", "value", "error", "low", "high", "rows", "seeds", "method", "verdict", "outcome", "detected",
           "bound"]
INTERNAL = ("mse",)


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each (group, metric, draws) of one cell's records, columns COLUMNS.

    Raises ValueError where a seed was measured twice or is missing."""
    keys = ["group", "metric", "draws"]
    if records.duplicated([*keys, "seed"]).any():
        raise ValueError("a metric was measured twice with one seed")
    single, whole = records[records.seed >= 0], records[records.seed < 0]
    counts = single.groupby(keys).size().unique()
    if len(counts) > 1:
        raise ValueError(f"incomplete: metrics with {', '.join(map(str, counts))} seeds")
    known = pd.MultiIndex.from_frame(whole[keys])
    costs = single[~pd.MultiIndex.from_frame(single[keys]).isin(known) & ~single.metric.isin(INTERNAL)]
    out = pd.concat([whole[~whole.metric.isin(INTERNAL)], averaged(costs, keys)], ignore_index=True)
    out["seeds"] = np.where(out.method == "exact", 1, counts[0] if len(counts) else 1)
    order = {name: position for position, name in enumerate(dict.fromkeys(records.group))}
    out = out.reindex(columns=COLUMNS).sort_values("group", key=lambda column: column.map(order), kind="stable")
    out[["verdict", "outcome"]] = out[["verdict", "outcome"]].astype(object).fillna("")
    out["detected"] = out.detected.astype("boolean")
    return out.reset_index(drop=True)


def averaged(records: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The mean of the seeds' values with error and interval."""
    groups = records.groupby(keys, sort=False)
    found = groups[["method", "rows"]].first().assign(value=groups["value"].mean(), error=groups["value"].sem())
    half = quantile(int(groups.size().max()) if len(found) else 1) * found.error
    return found.assign(low=found.value - half, high=found.value + half).reset_index()


def known(squares: pd.DataFrame) -> pd.Series:
    """Whether the value of a row of bias2 is to be shown: exact, or a bias was detected; else only its upper end says anything."""
    return (squares.method == "exact") | squares.detected.fillna(False).astype(bool)


def deviation(values: pd.Series) -> float:
    """The standard deviation over seeds; NaN for one seed, which says nothing of its error."""
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan


def quantile(seeds: int, level: float = 0.5 + LEVEL / 2) -> float:
    """The quantile of Student's t for a mean over seeds."""
    return float(t.ppf(level, max(seeds - 1, 1)))
