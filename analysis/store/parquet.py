"""Tables as parquet, with metadata as JSON in the schema.  Nothing is ever unpickled."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FIELD = b"straightedge"


def parquet(table: pd.DataFrame, metadata: dict | None = None) -> bytes:
    """The table as parquet, with the metadata as JSON in its schema."""
    data = pa.Table.from_pandas(table, preserve_index=False)
    if metadata is not None:
        data = data.replace_schema_metadata({**(data.schema.metadata or {}), FIELD: json.dumps(metadata).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(data, sink, write_statistics=False)
    return sink.getvalue().to_pybytes()


def load(path: Path) -> tuple[pd.DataFrame, dict]:
    """The records of one cell and its metadata."""
    data = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
    return data.to_pandas(use_threads=False), json.loads((data.schema.metadata or {}).get(FIELD, b"{}"))
