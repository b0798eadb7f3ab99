"""Which numbers of two tables differ by more than chance?"""

import pandas as pd

APART = ("value", "error", "low", "high", "verdict", "outcome", "detected", "bound", "key", "rows", "seeds", "method")


def moved(before: pd.DataFrame, after: pd.DataFrame, limit: float = 3.0) -> list[str]:
    """A line for every number that differs by more than `limit` standard errors of the difference; exact ones by more than 1e-6."""
    keys = [column for column in before.columns if column in after.columns and column not in APART]
    before, after = (frame.assign(turn=frame.groupby(keys, dropna=False).cumcount()) for frame in (before, after))  # exact beside sampled
    joined = before.merge(after, on=[*keys, "turn"], how="outer", suffixes=("_before", "_after"), indicator=True)
    lines = []
    for row in joined.to_dict("records"):
        name = ", ".join(str(row[key]) for key in keys if row[key] == row[key])
        if row["_merge"] != "both":
            lines.append(f"{name}: only {'before' if row['_merge'] == 'left_only' else 'after'}")
            continue
        if row["metric"] == "seconds":
            continue
        change = abs(row["value_after"] - row["value_before"])
        error = (row["error_before"] ** 2 + row["error_after"] ** 2) ** 0.5
        floor = 2e-6 * abs(row["value_before"])
        if change > max(limit * error if error == error else 0.0, floor):
            lines.append(f"{name}: {row['value_before']:.6g} -> {row['value_after']:.6g} (error {error:.2g})")
    return lines

