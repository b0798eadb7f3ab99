"""The stored result of one cell, JSON in four lines: a digest of the other three, its key and values, what is told of its run, its records.

What does not match is not believed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import chain
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

    columns: dict[str, list]
    metadata: dict
    """Its key, its values as `cell`, the modules whose code made it, and what is worth knowing about the run."""

    def form(self) -> tuple:
        """Names and kinds of its columns: what decides how pandas holds them."""
        return tuple((name, frozenset(map(type, column))) for name, column in self.columns.items())


def sealed(record: Record) -> bytes:
    """The file of a record."""
    rest = {name: value for name, value in record.metadata.items() if name not in ("key", "cell")}
    parts = named(record.metadata["key"], record.metadata["cell"]), json.dumps(rest).encode(), json.dumps(record.columns).encode()
    body = b"\n".join(parts)
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
        own, rest, columns = body.split(b"\n")
        if key is None:
            key, values = json.loads(own)
        another = own != named(key, values)
        record = Record(json.loads(columns), {"key": key, "cell": values} | json.loads(rest))
        _, = set(map(len, record.columns.values()))
    except Exception as error:  # somebody sealed something else
        raise Damaged(f"it holds no records ({type(error).__name__})") from None
    if another:
        raise Damaged("it is the result of another cell")
    return record


def frames(records: Sequence[Record]) -> list[pd.DataFrame]:
    """The records as pandas has them.  Those of one form are taken there together: one by one that would take most of the time of a run."""
    forms: dict[tuple, list[int]] = {}
    for place, record in enumerate(records):
        forms.setdefault(record.form(), []).append(place)
    found: dict[int, pd.DataFrame] = {}
    for form, places in forms.items():
        whole = pd.DataFrame({name: list(chain.from_iterable(records[place].columns[name] for place in places)) for name, _ in form})
        begin = 0
        for place in places:
            end = begin + len(next(iter(records[place].columns.values())))
            found[place] = whole.iloc[begin:end]
            found[place].index, begin = index(end - begin), end
    return [found[place] for place in range(len(records))]


@lru_cache(maxsize=256)
def index(length: int) -> pd.RangeIndex:
    """From 0; one for all tables of this length, which would take longer to make than to find."""
    return pd.RangeIndex(length)
