"""The stored result of one cell, JSON in four lines: a digest of the other three, its key and values, what is told of its run, its records.

What does not match is not believed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

ENDING = ".cell"
"""Of the file's name, which is the key."""


class Damaged(ValueError):
    """A stored result that is not what was stored.  The message says why."""


@dataclass(frozen=True)
class Record:
    """What is stored of one cell."""

    text: bytes
    """Its columns, name -> values, as a line of JSON: thousands wait in this form, in which they take least room, for `frames`."""
    metadata: dict
    """Its key, its values as `cell`, the modules whose code made it, and what is worth knowing about the run."""


def sealed(record: Record) -> bytes:
    """The file of a record."""
    rest = {name: value for name, value in record.metadata.items() if name not in ("key", "cell")}
    body = b"\n".join((named(record.metadata["key"], record.metadata["cell"]), json.dumps(rest).encode(), record.text))
    return digest(body) + b"\n" + body


def named(key: str, values: Any) -> bytes:
    """The line that says whose records they are."""
    return json.dumps([key, values], sort_keys=True).encode()


def digest(body: bytes) -> bytes:
    """64 hex digits."""
    return sha256(body).hexdigest().encode()


def opened(path: Path, key: str | None = None, values: dict | None = None) -> Record:
    """The record in a file that is as it was sealed; where a key is given, of the cell with this key and these values.  Raises Damaged."""
    try:
        said, _, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise Damaged(f"it cannot be read ({type(error).__name__})") from None
    if said != digest(body):
        raise Damaged("its digest is of other records")
    try:
        own, rest, text = body.split(b"\n")
        if key is None:
            key, values = json.loads(own)
        another, told = own != named(key, values), dict(json.loads(rest))
    except (ValueError, TypeError, RecursionError) as error:  # somebody sealed something else
        raise Damaged(f"it is no result of a cell ({type(error).__name__})") from None
    if another:
        raise Damaged("it is the result of another cell")
    return Record(text, {"key": key, "cell": values} | told)


def frames(records: Sequence[Record]) -> list[pd.DataFrame]:
    """The records as pandas has them.  Those of one form, with the same names and kinds of columns, are taken there together: one by one
    that would take most of the time of a run.  Raises Damaged where a text is none of records."""
    forms: dict[tuple, dict[str, list]] = {}
    parts = list[tuple[tuple, int, int]]()
    for record in records:
        columns = parsed(record)
        form = tuple((name, frozenset(map(type, column))) for name, column in columns.items())
        whole = forms.setdefault(form, {name: [] for name in columns})
        begin = len(next(iter(whole.values())))
        for name, column in columns.items():
            whole[name] += column
        parts.append((form, begin, len(next(iter(whole.values())))))
    made = {form: pd.DataFrame(whole) for form, whole in forms.items()}
    found = [made[form].iloc[begin:end] for form, begin, end in parts]
    for part in found:
        part.index = index(len(part))
    return found


def parsed(record: Record) -> dict[str, list]:
    """The columns of a record, all of one length.  Raises Damaged where its text is none of records."""
    try:
        columns = json.loads(record.text)
        _, = set(map(len, columns.values()))
    except Exception as error:
        raise Damaged(f"{record.metadata.get('key')}{ENDING} was sealed, and holds no records ({type(error).__name__})") from None
    return columns


@lru_cache(maxsize=256)
def index(length: int) -> pd.RangeIndex:
    """From 0; one for all tables of this length, which would take longer to make than to find."""
    return pd.RangeIndex(length)
