"""A measurement for a terminal: one table, the best first, and what to take."""

from io import StringIO

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from straightedge.analysis.store.display import visible

SHOWN = {"rmse_relative": "RMSE / |g|", "cosine": "cosine", "efficiency": "efficiency", "along": "length along g", "descent": "P(descent)"}
ONCE = ("cosine", "along", "descent")
"""What is shown for the fewest estimates averaged alone."""


def readable(frame: pd.DataFrame) -> str:
    """The table of a measurement: for each estimator, the least RMSE of the most estimates averaged first, the whole gradient, with how its
    bias is known and what one estimate costs, and below it its layers; then paired differences, where there are some."""
    differences = frame[frame.against.notna()] if "against" in frame else frame[:0]
    frame = frame.drop(differences.index)
    most = int(frame.draws.max())
    wanted = [(metric, draws) for metric in SHOWN for draws in sorted(frame[frame.metric == metric].draws.unique())
              if metric not in ONCE or draws == frame.draws.min()]
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = [f"{SHOWN[metric]}\nM = {draws}" if metric not in ONCE else SHOWN[metric] for metric, draws in wanted]
    for head in ("estimator", "bias", *heads, "passes of\none estimate", "microseconds"):
        table.add_column(head, justify="left" if head in ("estimator", "bias") else "right", no_wrap=True)
    last = frame[(frame.group == "all") & (frame.metric == "rmse_relative") & (frame.draws == most)].set_index("label").value
    order = sorted(dict.fromkeys(frame.label), key=lambda label: (np.nan_to_num(last.get(label, np.inf), nan=np.inf)))
    for label in order:
        own = frame[frame.label == label]
        groups = sorted(dict.fromkeys(own.group), key=lambda group: group != "all")
        for group in groups if len(groups) > 2 else ["all"]:
            cells = own[own.group == group].set_index(["metric", "draws"])
            bias = str(cells.loc[("bias2", 1), "verdict"]) if ("bias2", 1) in cells.index else ""
            numbers = [number(cells.loc[key]) if key in cells.index else "" for key in wanted]
            cost = price(cells) if group == "all" else ("", "")
            table.add_row(visible(label) if group == "all" else f"  {visible(group)}", visible(bias), *numbers, *cost)
    stream = StringIO()
    console = Console(file=stream, width=1000, markup=False, emoji=False, highlight=False)
    for part in (table, *(["", differing(differences)] if len(differences) else [])):
        console.print(part)
    return "\n".join(visible(line.rstrip()) for line in stream.getvalue().splitlines())


def price(cells: pd.DataFrame) -> tuple[str, str]:
    """Passes and microseconds of one estimate, with what ended the rows where something did."""
    def of(metric: str) -> float:
        return float(cells.value.get((metric, 1), np.nan))

    row = cells.loc[("seconds", 1)] if ("seconds", 1) in cells.index else None
    ended = f", ended by {row['ended']}" if row is not None and "ended" in cells else ""
    rows = "" if row is None else f", {int(row['seeds'])} x {int(row['rows'])} rows"
    return f"{of('forwards'):.3g} + {of('backwards'):.3g} back", f"{1e6 * of('seconds'):.3g}{rows}{ended}"


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
