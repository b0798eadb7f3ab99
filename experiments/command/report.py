"""Tables for a terminal."""

from io import StringIO

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from straightedge.analysis.store.display import visible

SHOWN = ("rmse_relative", "cosine", "efficiency", "along", "descent")


def readable(frame: pd.DataFrame) -> str:
    """A measurement as tables of a terminal: errors and directions, then verdicts, costs and paired differences."""
    differences = frame[frame.against.notna()] if "against" in frame else frame[:0]
    frame = frame.drop(differences.index)
    wanted = [(metric, draws) for metric in SHOWN for draws in sorted(frame[frame.metric == metric].draws.unique())]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("estimator", "group", *(f"{metric}\nM = {draws}" if metric in SHOWN[:3] else metric for metric, draws in wanted)):
        table.add_column(head, justify="left" if head in ("estimator", "group") else "right", no_wrap=True)
    verdicts = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("estimator", "group", "bias"):
        verdicts.add_column(head)
    for (name, group), rows in frame.groupby(["label", "group"], sort=False):
        cells = rows.set_index(["metric", "draws"])
        table.add_row(visible(name), group, *(number(cells.loc[key]) if key in cells.index else "" for key in wanted))
        if ("bias2", 1) in cells.index:
            verdicts.add_row(visible(name), group, str(cells.loc[("bias2", 1), "verdict"]))
    costs = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("estimator", "passes per estimate", "seconds per estimate", "seeds x rows"):
        costs.add_column(head, justify="left" if head == "estimator" else "right")
    for name, rows in frame[frame.group == "all"].groupby("label", sort=False):
        cost = rows.set_index("metric")
        costs.add_row(visible(name), f"{cost.loc['forwards', 'value']:.3g} forward, {cost.loc['backwards', 'value']:.3g} backward",
                      f"{cost.loc['seconds', 'value']:.2g}", f"{cost.loc['seconds', 'seeds']} x {cost.loc['seconds', 'rows']}"
                      + (f", ended by {cost.loc['seconds', 'ended']}" if "ended" in cost else ""))
    stream = StringIO()
    console = Console(file=stream, width=1000, markup=False, emoji=False, highlight=False)
    for part in (table, "", verdicts, "", costs, *(["", differing(differences)] if len(differences) else [])):
        console.print(part)
    return "\n".join(visible(line.rstrip()) for line in stream.getvalue().splitlines())


def differing(rows: pd.DataFrame) -> Table:
    """The paired differences."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("estimator", "against", "group", "difference of", "M", "value", "95 % interval"):
        table.add_column(head, no_wrap=True)
    for row in rows.itertuples():
        names = visible(row.label), visible(row.against), row.group, row.metric.removesuffix("_difference")
        table.add_row(*names, str(row.draws), f"{row.value:.4g}", f"{row.low:.4g} to {row.high:.4g}")
    return table


def number(row: pd.Series) -> str:
    """A value with its standard error, or alone where it is exact."""
    if not np.isfinite(row.value):
        return "-"
    return f"{row.value:.4g}" + (f" ± {row.error:.1g}" if row.error else "")
