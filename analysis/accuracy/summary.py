"""From a cell's records to its summary: mean over seeds, standard error, 95 % interval, and what follows from them.

The records are unbiased, so the mean over seeds estimates the same thing and its spread is its error.  Roots and ratios are
taken here, after averaging: the root of an unbiased estimate is biased.  Records of method exact have one value and no error.

    rmse_relative   sqrt(mse / |g|^2) of the mean of M rows
    rmse_rescaled   the same after the estimate is rescaled to the true length, by |g| / |E r|: 'right direction, wrong length'
"""

import numpy as np
import pandas as pd
from scipy.stats import t

LEVEL = 0.95
DETECTION = 3.3
"""A bias counts as detected above this normal score, corrected for the number of coordinates: one false alarm in 2000 groups."""
COLUMNS = ["group", "metric", "draws", "value", "error", "low", "high", "rows", "seeds", "method", "verdict"]
INTERNAL = ("mse", "length2", "bias2_floor")


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """One row for each (group, metric, draws) of one cell's records, columns COLUMNS.

    Raises ValueError where a seed was measured twice or is missing."""
    if records.duplicated(["group", "metric", "draws", "seed"]).any():
        raise ValueError("a metric was measured twice with one seed")
    parts = []
    for group, rows in records.groupby("group", sort=False):
        wide = {cell: part.set_index("seed")["value"] for cell, part in rows.groupby(["metric", "draws"], sort=False)}
        head = rows.drop_duplicates(["metric", "draws"]).set_index(["metric", "draws"])
        table = pd.DataFrame([estimate(*cell, values) for cell, values in wide.items()])
        derived = []
        for metric, draws in wide:
            if metric == "mse":
                derived += [root(wide, draws), rescaled(wide, draws)]
        table = pd.concat([table, pd.DataFrame(derived)], ignore_index=True)
        source = [("mse", draws) if metric.startswith("rmse") else (metric, draws)
                  for metric, draws in zip(table.metric, table.draws, strict=True)]
        table["method"], table["rows"] = (head.loc[source, column].to_numpy() for column in ("method", "rows"))
        table.insert(0, "group", group)
        table["verdict"] = ""
        if ("bias2", 1) in wide:
            table.loc[table.metric == "bias2", "verdict"] = verdict(table.set_index("metric"))
        parts.append(table[~table.metric.isin(INTERNAL)])
    out = pd.concat(parts, ignore_index=True)[COLUMNS]
    counts = out[out.method == "sampled"].seeds.unique()
    if len(counts) > 1:
        raise ValueError(f"incomplete: metrics with {', '.join(map(str, counts))} seeds")
    return out


def estimate(metric: str, draws: int, values: pd.Series) -> dict:
    """The mean of the seeds' values with error and interval; a normal score for bias_z, whose values are normal scores."""
    count = len(values)
    if values.index[0] == -1:
        value, error = float(values.iloc[0]), 0.0
    elif metric == "bias_z":
        value, error = float(values.sum() / np.sqrt(count)), 1.0
    else:
        value, error = float(values.mean()), deviation(values) / np.sqrt(count)
    half = quantile(count) * error if error else 0.0
    return {"metric": metric, "draws": draws, "value": value, "error": error, "low": value - half, "high": value + half,
            "seeds": count}


def deviation(values: pd.Series) -> float:
    """The standard deviation over seeds; NaN for one seed, which says nothing of its error."""
    return float(values.std(ddof=1)) if len(values) > 1 else np.nan


def quantile(seeds: int, level: float = 0.5 + LEVEL / 2) -> float:
    """The quantile of Student's t for a mean over seeds."""
    return float(t.ppf(level, max(seeds - 1, 1)))


def root(wide: dict, draws: int) -> dict:
    """rmse_relative: the root after averaging, its interval by mapping the ends of the square's."""
    square, exact2 = estimate("mse", draws, wide["mse", draws]), float(wide["exact2", 1].iloc[0])
    value, low, high = (np.sqrt(square[end] / exact2) if exact2 and square[end] > 0 else np.nan for end in ("value", "low", "high"))
    if np.isfinite(value) and square["low"] <= 0:
        low = 0.0
    error = square["error"] / exact2 / (2 * value) if np.isfinite(value) else np.nan
    return square | {"metric": "rmse_relative", "value": value, "error": error, "low": low, "high": high}


def rescaled(wide: dict, draws: int) -> dict:
    """rmse_rescaled, its error by the jackknife over seeds."""
    parts = [wide[metric, 1] for metric in ("along", "length2", "variance")]
    exact2, seeds = float(wide["exact2", 1].iloc[0]), len(parts[0])

    def value(along: float, length2: float, variance: float) -> float:
        if not (exact2 > 0 and length2 > 0):
            return np.nan
        cosine = along * np.sqrt(exact2 / length2)
        square = 2 * (1 - cosine) + variance / length2 / draws
        return float(np.sqrt(square)) if square > 0 else (0.0 if square > -1e-12 else np.nan)

    whole = value(*(float(part.mean()) for part in parts))
    if parts[0].index[0] == -1:
        error = 0.0
    elif seeds > 1:
        left = np.array([value(*(float(part.drop(seed).mean()) for part in parts)) for seed in parts[0].index])
        error = float(np.sqrt((seeds - 1) / seeds * np.square(left - left.mean()).sum()))
    else:
        error = np.nan
    half = quantile(seeds) * error if error else 0.0
    return {"metric": "rmse_rescaled", "draws": draws, "value": whole, "error": error, "low": max(0.0, whole - half),
            "high": whole + half, "seeds": seeds}


def bound(bias2: float, error: float, exact2: float, seeds: int, floor: float = 0.0) -> float:
    """The 95 % upper bound of |bias| / |g|, from the debiased square and its error over seeds.

    A square is not negative, and few seeds may agree by chance: the error is taken to be no less than `floor`, that of one seed."""
    spread = quantile(seeds, LEVEL) * max(error, floor / np.sqrt(seeds))
    return float(np.sqrt((max(0.0, bias2) + spread) / exact2))


def verdict(rows: pd.DataFrame) -> str:
    """'bias detected (z = ...)' or 'not detected, |bias| below ... % at 95 %', relative to the group's exact gradient."""
    bias2, exact2 = rows.loc["bias2"], float(rows.loc["exact2", "value"])
    if exact2 == 0:
        return "the exact gradient is zero"
    if not np.isfinite(exact2):
        return "the reference is too short to tell its gradient from nothing"
    if bias2.method == "exact":
        relative = np.sqrt(bias2.value / exact2)
        return f"bias {100 * relative:.3g} % (exact)" if relative > 1e-9 else "no bias (exact, to rounding)"
    score = float(rows.loc["bias_z", "value"])
    if score > DETECTION:
        return f"bias detected (z = {score:.1f})"
    if bias2.seeds < 2:
        return "not detected; two seeds or more give a bound"
    limit = bound(bias2.value, bias2.error, exact2, int(bias2.seeds), float(rows.loc["bias2_floor", "value"]))
    return f"not detected, |bias| below {100 * limit:.2g} % at 95 %"
