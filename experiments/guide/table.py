"""Published tables as they are read: frames of words, and Markdown of the pages that quote them."""

from collections.abc import Sequence
from functools import cache

import pandas as pd

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure.picture import Words
from straightedge.analysis.figure.sheet import whole
from straightedge.analysis.store.place import published
from straightedge.experiments.runner.listing import study_of


@cache
def table(name: str) -> pd.DataFrame:
    """The published table of a study, tidy."""
    return read(published() / name / "summary.csv")


@cache
def sheet(name: str) -> pd.DataFrame:
    """The same as its table.md has it: words, the groups named in every row."""
    tables = study_of(name).tables
    assert tables is not None
    return whole(tables(table(name)))


@cache
def words(name: str, figure: str = "") -> Words:
    """What a picture of the study says of its table; of its first picture if none is named."""
    figures = study_of(name).figures
    return figures[figure or next(iter(figures))].words(table(name))


def source(name: str) -> str:
    """The link to the published table."""
    return f"[{name}](../results/{name}/table.md)"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
