"""Words that a spreadsheet would take for a formula, and how a CSV keeps them words: behind an apostrophe."""

import pandas as pd

FIRST = ("=", "+", "-", "@", "\t", "\r")


def guard(value: object) -> object:
    """The value, with an apostrophe before words that begin as a formula does, or as words so guarded."""
    return f"'{value}" if isinstance(value, str) and (value.startswith(FIRST) or guards(value)) else value


def guards(text: str) -> bool:
    """Whether words are guarded, or would look so."""
    return text.startswith("'") and text.lstrip("'").startswith(FIRST)


def unguard(value: object) -> object:
    """The words that were guarded."""
    return value[1:] if isinstance(value, str) and guards(value) else value


def guarded(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with every such word guarded, also in its head."""
    return mapped(frame, guard)


def unguarded(frame: pd.DataFrame) -> pd.DataFrame:
    """The table that was guarded."""
    return mapped(frame, unguard)


def mapped(frame: pd.DataFrame, change) -> pd.DataFrame:
    """The table with a function applied to its names and to the words in it."""
    words = {column: frame[column].map(change) for column in frame.columns if frame[column].dtype.kind not in "iufb"
             and any(change(value) is not value for value in frame[column])}
    return frame.assign(**words).rename(columns={column: change(column) for column in frame.columns})
