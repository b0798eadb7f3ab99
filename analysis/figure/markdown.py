"""Tables in Markdown."""

import re

import pandas as pd

from straightedge.analysis.figure.sheet import flat, numeric
from straightedge.analysis.store.display import sentence


def markdown(frame: pd.DataFrame) -> str:
    """The table in Markdown, what would end a cell or begin HTML or a link escaped; numbers to the right, the named levels of the index
    as groups."""
    shown = flat(frame)
    rows = [list(shown.columns), *shown.to_numpy().tolist()]
    head, *body = ("| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows)
    rule = "".join("| ---: " if right else "| --- " for right in numeric(shown)) + "|"
    return "\n".join((head, rule, *body)) + "\n"


def escaped(cell: object) -> str:
    """The words of one cell, in one line: bars, tags and links are shown, not obeyed."""
    text = sentence(str(cell), 10_000) if re.search(r"[^ -~]", str(cell)) else str(cell)
    text = text.replace("|", "\\|")
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", re.sub(r"\](?=[(\[:])", r"\\]", text))
