"""Which numbers of two tables differ by more than chance?"""

import pandas as pd

APART = ("value", "error", "low", "high", "verdict", "outcome", "detected", "bound", "key", "rows", "seeds", "method")
EQUAL = 6e-6
"""Part of a number by which it may differ: tables hold six digits."""


def joined(before: pd.DataFrame, after: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """(the columns that name a number, the numbers of both tables beside each other)."""
    keys = [column for column in before.columns if column in after.columns and column not in APART]
    before, after = (frame.assign(turn=frame.groupby(keys, dropna=False).cumcount()) for frame in (before, after))  # exact beside sampled
    return keys, before.merge(after, on=[*keys, "turn"], how="outer", suffixes=("_before", "_after"), indicator=True)


def both(before: pd.DataFrame, after: pd.DataFrame) -> tuple[int, int]:
    """(numbers that both tables have, those of them that differ at all: with equal seeds, those whose code or settings changed)."""
    _, table = joined(before, after)
    table = table[(table._merge == "both") & (table.metric != "seconds")]
    apart = (table.value_after - table.value_before).abs() > EQUAL * table.value_before.abs()
    return len(table), int((apart | (table.value_after.isna() != table.value_before.isna())).sum())


def moved(before: pd.DataFrame, after: pd.DataFrame, limit: float = 3.0) -> list[str]:
    """A line for every number that differs by more than `limit` standard errors of the difference; exact ones by more than their
    digits."""
    keys, table = joined(before, after)
    lines = []
    for row in table.to_dict("records"):
        name = ", ".join(str(row[key]) for key in keys if row[key] == row[key])
        if row["_merge"] != "both":
            lines.append(f"{name}: only {'before' if row['_merge'] == 'left_only' else 'after'}")
            continue
        if row["metric"] == "seconds":
            continue
        change = abs(row["value_after"] - row["value_before"])
        error = (row["error_before"] ** 2 + row["error_after"] ** 2) ** 0.5
        floor = EQUAL * abs(row["value_before"])
        if change > max(limit * error if error == error else 0.0, floor):
            lines.append(f"{name}: {row['value_before']:.6g} -> {row['value_after']:.6g} (error {error:.2g})")
    return lines
