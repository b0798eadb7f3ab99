"""Courses of classifiers as a table: what each reached in every way of asking, and the best of several learning rates."""

import pandas as pd

from straightedge.analysis.accuracy.summary import quantile

FIELDS = ("kind", "images", "architecture", "widths", "noise", "ratio", "binary", "rate", "steps", "samples", "device")
"""Of the problems: what distinguishes courses."""
SETTINGS = ("label", *FIELDS)


def reached(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each course: its settings, metric -> value and, as metric_error, its standard error over seeds."""
    names = {name: f"problem_{name}" for name in FIELDS if f"problem_{name}" in table}
    part = table.rename(columns={long: short for short, long in names.items()})
    kept = ["key", "label", *names]
    part = part.assign(**{name: part[name].astype(object).where(part[name].notna(), "-") for name in kept})
    wide = part.pivot_table(["value", "error", "seeds"], kept, "metric", sort=False)
    wide.columns = pd.Index([metric if kind == "value" else f"{metric}_{kind}" for kind, metric in wide.columns])
    return wide.reset_index()


def best(courses: pd.DataFrame, asked: str, by: tuple[str, ...] = ("binary", "noise", "label")) -> pd.DataFrame:
    """One row for each method: at the rate with the least validation error when asked in this way, the test error, `error`, its standard
    error and 95 % interval over seeds, and the rate."""
    lines = []
    for names, rows in courses.groupby(list(by), sort=False):
        row = rows.loc[rows[f"validation_{asked}"].astype(float).idxmin()]
        half = quantile(int(row[f"test_{asked}_seeds"])) * row[f"test_{asked}_error"]
        value = row[f"test_{asked}"]
        lines.append(dict(zip(by, names, strict=True)) | {"asked": asked, "error": value, "deviation": row[f"test_{asked}_error"],
                                                          "low": max(0.0, value - half), "high": value + half, "rate": row.rate,
                                                          "loss": row.loss, "seeds": int(row[f"test_{asked}_seeds"])})
    return pd.DataFrame(lines)


def mean(rows: pd.DataFrame) -> tuple[float, float]:
    """The mean test error of independent methods, and half the width of its 95 % interval."""
    freedom = int((rows.seeds - 1).sum()) + 1
    return float(rows.error.mean()), quantile(freedom) * float((rows.deviation**2).sum() ** 0.5) / len(rows)
