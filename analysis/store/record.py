"""The stored result of one cell: its records, its key and values, and a digest of all of them.  What does not match is not believed."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pandas as pd

from straightedge.analysis.store.parquet import load, parquet

DIGEST = "digest"


class Damaged(ValueError):
    """A stored result that is not what was stored.  The message says why."""


@dataclass(frozen=True)
class Record:
    """What is stored of one cell."""

    records: pd.DataFrame
    metadata: dict
    """Its key, its values, the modules whose code made it, and what is worth knowing about the run."""


def sealed(record: Record) -> bytes:
    """The file of a record: parquet, whose schema carries the metadata and the digest of both."""
    metadata = json.loads(json.dumps(record.metadata))
    return parquet(record.records, metadata | {DIGEST: digest(record.records, metadata)})


def opened(path: Path) -> Record:
    """The record in a file, whosever it is.  Raises Damaged where it is not as it was sealed."""
    try:
        records, metadata = load(path)
        found = metadata.pop(DIGEST, None)
        right = found is not None and found == digest(records, metadata)
    except Exception as error:  # a damaged parquet fails in many ways
        raise Damaged(f"it cannot be read ({type(error).__name__})") from None
    if not right:
        raise Damaged("it carries no digest" if found is None else "its digest is of other records")
    return Record(records, metadata)


def stored(path: Path, key: str, values: dict) -> Record:
    """The record of the cell with this key and these values.  Raises Damaged for anything else."""
    record = opened(path)
    if record.metadata.get("key") != key or record.metadata.get("cell") != json.loads(json.dumps(values)):
        raise Damaged("it is the result of another cell")
    return record


def digest(records: pd.DataFrame, metadata: dict) -> str:
    """64 hex digits of every value of every column, with its name and type, and of the metadata."""
    text = sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in records.columns:
        text.update(json.dumps([str(name), len(records)]).encode())
        text.update(canonical(records[name]))
    return text.hexdigest()


def canonical(column: pd.Series) -> bytes:
    """The bytes of a column that do not depend on how it is held: little-endian numbers, or words as JSON."""
    if column.dtype.kind in "iub":
        return b"int" + column.to_numpy().astype("<i8").tobytes()
    if column.dtype.kind == "f":
        return b"float" + column.to_numpy().astype("<f8").tobytes()
    return b"words" + json.dumps([value if isinstance(value, str) else None for value in column.tolist()]).encode()
