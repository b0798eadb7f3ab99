"""Tables as parquet that say where they are from: metadata in the schema, as JSON, with a digest of both.  Nothing is ever unpickled."""

import json
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from straightedge.analysis.store.record import Damaged

FIELD = b"straightedge"
DIGEST = "digest"


def parquet(table: pd.DataFrame, metadata: dict) -> bytes:
    """The file of a table; what is not a number is empty."""
    data, said, sink = pa.Table.from_pandas(table, preserve_index=False), json.loads(json.dumps(metadata)), pa.BufferOutputStream()
    text = json.dumps(said | {DIGEST: digest(data, said)}).encode()
    pq.write_table(data.replace_schema_metadata((data.schema.metadata or {}) | {FIELD: text}), sink)
    return sink.getvalue().to_pybytes()


def load(path: Path) -> tuple[pd.DataFrame, dict]:
    """The table in a file and its metadata.  Raises Damaged where they are not as they were written, or the file says nothing."""
    try:
        data = pq.read_table(pa.BufferReader(path.read_bytes()))
        metadata = json.loads((data.schema.metadata or {})[FIELD])
        found, frame = metadata.pop(DIGEST, None), data.to_pandas()
        right = found is not None and found == digest(data, metadata)
    except Exception as error:  # a damaged parquet fails in many ways
        raise Damaged(f"it cannot be read ({type(error).__name__})") from None
    if not right:
        raise Damaged("it carries no digest" if found is None else "its digest is of other values")
    return frame, metadata


def digest(data: pa.Table, metadata: dict) -> str:
    """64 hex digits of every value of every column, with its name, and of the metadata: as JSON, in which whole numbers, others and words
    differ, and which does not depend on how a column is held."""
    values = [column.to_pylist() for column in data.columns]
    return sha256(json.dumps([metadata, data.column_names, values], sort_keys=True, default=str).encode()).hexdigest()
