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
def words(name: str) -> Words:
    """What the study's first picture says of its table, from the caption that stands beside it."""
    answer, *_, number = (published() / name / "figure.txt").read_text().strip().split("\n\n")
    return Words(answer, number.removeprefix("To remember: "))


def source(name: str) -> str:
    """The link to the published table."""
    return f"[{name}](../results/{name}/table.md)"


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
