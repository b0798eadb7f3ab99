"""The result of a measurement: a tidy table that says what was measured, draws itself and names the best."""

import glob
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.cell.table import text
from straightedge.analysis.figure import look
from straightedge.analysis.figure.measurement import PICTURE
from straightedge.analysis.figure.metadata import carrying
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.problem.problem import Problem
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.file import replace, sweep
from straightedge.analysis.store.parquet import parquet
from straightedge.estimators.network.error import InputError
from straightedge.ranking import efficiencies, ranked, sentence
from straightedge.settings import ENDINGS

BUDGETS = (1, 10, 100)
"""Passes of the whole network, one forward and one back, of which `advice` speaks."""


@dataclass(frozen=True, eq=False)
class Result:
    """What `measure` found."""

    problem: Problem = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    """One row for each estimator, group of parameters, metric and number of draws: value, error, low, high, method, verdict."""
    seeds: int
    rows: int
    failures: tuple[str, ...] = ()
    """A sentence for every estimator that failed, and is not in the table."""
    reference: str = ""
    """The estimator whose long run stands for the exact gradient, where one does."""
    origin: dict = field(default_factory=dict, repr=False)
    """What measured it, where and when: what plots and parquet files of it carry."""

    def head(self) -> str:
        """What was measured, in one line: the network, its data, |g|, seeds and rows."""
        exact2 = self.table[(self.table.metric == "exact2") & (self.table.group == "all")].value.iloc[0]
        run = self.table[(self.table.metric == "reference_error") & (self.table.group == "all")].value
        known = f" (to {100 * run.iloc[0]:.2g} %, by a run of {self.reference})" if len(run) else ""
        return f"{self.problem.head()}, |g| = {np.sqrt(max(exact2, 0)):.4g}{known}; {self.seeds} seeds of {self.rows} rows"

    def lengths(self) -> dict[str, float]:
        """Layer, or group of parameters -> the length of its exact gradient."""
        first = self.table[(self.table.label == self.table.label.iloc[0]) & (self.table.metric == "exact2")]
        return {row.group: float(np.sqrt(max(row.value, 0))) for row in first.itertuples() if row.group not in ("all", "hidden")}

    def advice(self) -> str:
        """Which of these estimators is the most efficient for 1, 10 and 100 passes, in one sentence."""
        return sentence(ranked(*efficiencies(self.table, BUDGETS), BUDGETS))

    def __repr__(self) -> str:
        head = self.head()
        verdicts = self.table[(self.table.metric == "bias2") & (self.table.group == "all")]
        spread = self.errors(1.0).set_index("label")["rmse_relative"]
        width = max(map(len, verdicts.label))
        lines = [f"  {row.label:<{width}}  RMSE {spread.get(row.label, np.nan):.4g}, {row.verdict}" for row in verdicts.itertuples()]
        return "\n".join(map(visible, [head, *lines, *(f"  failed: {line}" for line in self.failures)]))

    def _repr_html_(self) -> str:
        """What a notebook shows: the head, a row for each estimator, the most efficient first, and what to take."""
        whole = self.table[(self.table.metric == "bias2") & (self.table.group == "all")]
        verdicts = whole.drop_duplicates("label").set_index("label").verdict
        found = self.overview().sort_values("efficiency", ascending=False, kind="stable")
        shown = pd.DataFrame({"estimator": found.label, **{f"{head} / |g|": aligned(found[name]) for name, head in (
            ("bias", "|bias|"), ("deviation", "deviation"), ("rmse", "RMSE"))}, "efficiency": aligned(found.efficiency),
            "verdict on the bias": found.label.map(verdicts)})
        lines = [self.head(), shown.to_html(index=False, border=0), *(f"failed: {line}" for line in self.failures), self.advice()]
        return "\n".join(line if line.startswith("<table") else f"<p>{escape(visible(line))}</p>" for line in lines)

    def errors(self, draws: float | int) -> pd.DataFrame:
        """label, passes of one estimate, and the relative RMSE of the mean of so many, of the whole gradient; by bias2 + variance / M."""
        plain = self.table[(self.table.group == "all") & (self.table.draws == 1)]
        plain = plain[plain.against.isna()] if "against" in plain else plain
        wide = plain.pivot_table("value", "label", "metric", sort=False).reset_index()
        square = (wide.bias2 + wide.variance / draws).clip(lower=0) / wide.exact2.where(wide.exact2 > 0)
        passes = wide.get("evaluations", np.nan)
        return pd.DataFrame({"label": wide.label, "passes": passes, "rmse_relative": np.sqrt(square)})

    def overview(self) -> pd.DataFrame:
        """label, bias, deviation and rmse of one estimate, over |g|, and its efficiency: of the whole gradient.  A bias whose debiased
        square is negative is 0."""
        plain = self.table[(self.table.group == "all") & (self.table.draws == 1)]
        plain = plain[plain.against.isna()] if "against" in plain else plain
        wide = plain.pivot_table("value", "label", "metric", sort=False).reset_index()
        length2 = wide.exact2.where(wide.exact2 > 0)
        bias2, spread = wide.bias2.clip(lower=0), wide.variance
        return pd.DataFrame({"label": wide.label, "bias": np.sqrt(bias2 / length2), "deviation": np.sqrt(spread / length2),
                             "rmse": np.sqrt((wide.bias2 + spread).clip(lower=0) / length2), "efficiency": wide.get("efficiency", np.nan)})

    def best(self, passes: float | int = 1) -> pd.DataFrame:
        """The estimators by the RMSE of as many estimates as so many forward and backward passes pay for, the best first; those that cost
        more are left out.  An estimator that counts as no pass, such as `exact`, is always paid for.

        passes  of the whole network, forward or backward, at least one
        """
        if not passes > 0:
            raise InputError(f"best: passes = {passes!r}; expected a positive number")
        costs = self.errors(1.0).set_index("label").passes
        draws = {label: np.inf if not cost > 0 else float(np.floor(passes / cost + 1e-9)) for label, cost in costs.items()}
        rows = [self.errors(count).set_index("label").loc[[label]].assign(draws=count) for label, count in draws.items() if count >= 1]
        if not rows:
            raise InputError(f"best: no estimator is paid for by {passes:g} passes; the cheapest takes {costs.min():.3g}")
        found = pd.concat(rows).reset_index().sort_values("rmse_relative", ignore_index=True)
        return found[["label", "draws", "passes", "rmse_relative"]]

    def plot(self, width: float | int = 7.0) -> Figure:
        """Bias against deviation, and RMSE against the number of estimates averaged, of the whole gradient and of its layers.  What is
        saved of it says where it is from: `straightedge provenance FILE`."""
        with look.style(width):
            return carrying(PICTURE(self.table), self.origin)

    def save(self, path: str | Path) -> Path:
        """Writes the table as .csv, .json or .parquet; the path."""
        path, frame = Path(path), self.table.drop(columns="label")
        if path.suffix not in ENDINGS:
            raise InputError(f"save: expected a name that ends in {', '.join(ENDINGS)}, got {path}")
        data = {".csv": lambda: text(frame).encode(), ".parquet": lambda: parquet(frame, self.origin),
                ".json": lambda: frame.to_json(orient="records", indent=1).encode()}[path.suffix]()
        replace(path, data)
        sweep(path.parent, glob.escape(path.name))
        return path
