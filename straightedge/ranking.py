"""Estimators in order of efficiency for a number of passes, and what may be said of that order.

Two are told apart where their 95 % intervals do not overlap.  Those not told apart from the first are its equals: any of them will do where
they lie within ALIKE of each other, and where their intervals are wider than that it is noise that keeps them together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from straightedge.analysis.figure.name import words

ALIKE = 0.05


def ranked(values: pd.DataFrame, costs: Mapping[str, float], budgets: tuple[int, ...]) -> pd.DataFrame:
    """For every budget the estimators that it pays for: budget, label, draws, passes, efficiency, low, high, in order.

    values  by label and number of draws: value, low, high
    costs   passes of one estimate"""
    rows = []
    for budget in budgets:
        there = []
        for label, cost in costs.items():
            draws = int(budget / cost + 1e-9)
            if draws and (label, draws) in values.index:
                found = values.loc[(label, draws)]
                there.append({"budget": budget, "label": label, "draws": draws, "passes": cost, "efficiency": found.value, "low": found.low,
                              "high": found.high})
        rows += sorted(there, key=lambda row: -row["efficiency"] if np.isfinite(row["efficiency"]) else np.inf)
    return pd.DataFrame(rows, columns=["budget", "label", "draws", "passes", "efficiency", "low", "high"])


def efficiencies(table: pd.DataFrame, budgets: tuple[int, ...]) -> tuple[pd.DataFrame, dict[str, float]]:
    """(by label and number of draws: value, low, high of the efficiency of the whole gradient, A^2 / (|mean|^2 + variance / M) with A along
    the gradient, all over |g|; label -> passes of one estimate, a pass being one forward and one back), of a measurement's table.

    The interval has every part at the end of its own that makes it the widest."""
    plain = table[(table.group == "all") & (table.draws == 1)]
    plain = plain[plain.against.isna()] if "against" in plain else plain
    rows, costs = {}, {}
    for label, own in plain.groupby("label", sort=False):
        parts = own.set_index("metric")[["value", "low", "high"]]
        if not {"bias2", "variance", "exact2", "along", "evaluations"} <= set(parts.index) or not parts.value["exact2"] > 0:
            continue
        costs[str(label)] = cost = max(parts.value["evaluations"] / 2, 1e-9)
        bias2, variance, along = (parts.loc[name] / (parts.value["exact2"] if name != "along" else 1)
                                  for name in ("bias2", "variance", "along"))

        def found(a: str, other: str, draws: int, bias2=bias2, variance=variance, along=along) -> float:
            square = max(along[a], 0.0) ** 2
            whole = max(bias2[other] + 2 * along[other] - 1, square) + max(variance[other], 0.0) / draws
            return min(square / whole, 1.0) if whole > 0 else float("nan")

        for draws in dict.fromkeys(int(budget / cost + 1e-9) for budget in budgets):
            if draws:
                rows[str(label), draws] = {"value": found("value", "value", draws), "low": found("low", "high", draws),
                                           "high": found("high", "low", draws)}
    index = pd.MultiIndex.from_tuples(list(rows), names=["label", "draws"]) if rows else None
    return pd.DataFrame(list(rows.values()), index, ["value", "low", "high"]), costs


def named(row: Any) -> str:
    """A row in words."""
    interval = "" if row.high - row.low < 5e-4 else f" [{row.low:.2f}, {row.high:.2f}]"
    return f"{row.label} {row.efficiency:.2f}{interval}"


def equals(rows: pd.DataFrame) -> pd.DataFrame:
    """The first and those that are not told apart from it."""
    known = rows[np.isfinite(rows.efficiency)]
    return known[known.high >= known.low.iloc[0]] if len(known) else known


def verdict(rows: pd.DataFrame) -> str:
    """What to take for one budget."""
    if not len(rows):
        return "nothing, it pays for no estimator"
    first = equals(rows)
    if not len(first) or (first.high - first.low).max() > 0.5 or (len(first) > 1 and (first.high - first.low).min() > 2 * ALIKE):
        return "it is too noisy to tell"
    labels = [words(label) for label in first.label]
    if len(labels) == 1:
        return f"{labels[0]}"
    if first.efficiency.max() - first.efficiency.min() <= ALIKE:
        return f"any of {', '.join(labels[:-1])} and {labels[-1]}"
    return f"{' or '.join(labels)}, which are not told apart"


def sentence(table: pd.DataFrame) -> str:
    """What to take for every budget, equal verdicts together, in one sentence."""
    found: dict[str, list[str]] = {}
    for budget, rows in table.groupby("budget", sort=False):
        found.setdefault(verdict(rows), []).append(str(budget))
    parts = [f"with {' or '.join(budgets)} pass{'' if budgets == ['1'] else 'es'} {said}" for said, budgets in found.items()]
    return f"Best on this network: {'; '.join(parts)}." if parts else "No budget pays for any estimator."
