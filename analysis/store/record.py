"""The stored result of one cell: its records, its key and values, and a digest of all of them.  What does not match is not believed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow as pa

from straightedge.analysis.store.parquet import arrow, packed, plain, read

DIGEST = "digest"


class Damaged(ValueError):
    """A stored result that is not what was stored.  The message says why."""


@dataclass(frozen=True)
class Record:
    """What is stored of one cell."""

    records: pd.DataFrame
    metadata: dict
    """Its key, its values, the modules whose code made it, and what is worth knowing about the run."""


def sealed(record: Record, typed: bool = False) -> bytes:
    """The file of a record: parquet, whose schema carries the metadata and the digest of both; `typed`: and the types that pandas had."""
    metadata, data = json.loads(json.dumps(record.metadata)), arrow(record.records) if typed else plain(record.records)
    return packed(data, metadata | {DIGEST: digest(data, metadata)})


def opened(path: Path) -> Record:
    """The record in a file, whosever it is.  Raises Damaged where it is not as it was sealed."""
    return unpacked([checked(path)])[0]


def stored(path: Path, key: str, values: dict) -> Record:
    """The record of the cell with this key and these values.  Raises Damaged for anything else."""
    return unpacked([checked(path, key, values)])[0]


def checked(path: Path, key: str | None = None, values: dict | None = None) -> tuple[pa.Table, dict]:
    """(table, metadata) of a file that is as it was sealed; where a key is given, with this key and these values.  Raises Damaged."""
    try:
        data, metadata = read(path)
        found = metadata.pop(DIGEST, None)
        right = found is not None and found == digest(data, metadata)
    except Exception as error:  # a damaged parquet fails in many ways
        raise Damaged(f"it cannot be read ({type(error).__name__})") from None
    if not right:
        raise Damaged("it carries no digest" if found is None else "its digest is of other records")
    if key is not None and (metadata.get("key") != key or metadata.get("cell") != json.loads(json.dumps(values))):
        raise Damaged("it is the result of another cell")
    return data, metadata


def unpacked(files: Sequence[tuple[pa.Table, dict]]) -> list[Record]:
    """The records of what was checked.  Tables of one form are taken to pandas together: one by one that would take most of the time."""
    forms: dict[tuple, list[int]] = {}
    for place, (data, _) in enumerate(files):
        forms.setdefault(tuple((name, column.type, column.null_count > 0) for name, column in zip(
            data.column_names, data.columns, strict=True)), []).append(place)
    found: dict[int, Record] = {}
    for places in forms.values():
        whole, begin = pa.concat_tables([files[place][0] for place in places]).to_pandas(use_threads=False), 0
        for place in places:
            end = begin + len(files[place][0])
            part = whole.iloc[begin:end]
            part.index = index(end - begin)
            found[place], begin = Record(part, files[place][1]), end
    return [found[place] for place in range(len(files))]


@lru_cache(maxsize=256)
def index(length: int) -> pd.RangeIndex:
    """From 0; one for all tables of this length, which would take longer to make than to find."""
    return pd.RangeIndex(length)


def digest(data: pa.Table, metadata: dict) -> str:
    """64 hex digits of every value of every column, with its name, and of the metadata: as JSON, in which whole numbers, others and words
    differ, and which does not depend on how a column is held."""
    values = [column.to_pylist() for column in data.columns]
    return sha256(json.dumps([metadata, data.column_names, values], sort_keys=True).encode()).hexdigest()
