"""Tables in Markdown."""

import pandas as pd


def markdown(frame: pd.DataFrame) -> str:
    """The table in Markdown, bars inside cells escaped."""
    rows = [list(frame.columns), *frame.astype(str).to_numpy().tolist()]
    head, *body = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return "\n".join((head, "| --- " * frame.shape[1] + "|", *body)) + "\n"
