"""Tables as parquet, with metadata as JSON in the schema.  Nothing is ever unpickled."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FIELD = b"straightedge"


def arrow(table: pd.DataFrame) -> pa.Table:
    """The table as it is in a file: what is not a number is empty."""
    return pa.Table.from_pandas(table, preserve_index=False)


def plain(table: pd.DataFrame) -> pa.Table:
    """The same by its values alone, which is quicker."""
    columns = {name: table[name] for name in table.columns}
    return pa.table({name: pa.array(column.to_numpy() if column.dtype.kind in "iuf" else column.tolist(), from_pandas=True)
                     for name, column in columns.items()})


def packed(data: pa.Table, metadata: dict | None = None) -> bytes:
    """The file of a table, in the plainest form, which is the quickest to read."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, data.schema, write_statistics=False, use_dictionary=False, store_schema=False) as writer:
        writer.write_table(data)
        writer.add_key_value_metadata(data.schema.metadata or {})
        if metadata is not None:
            writer.add_key_value_metadata({FIELD.decode(): json.dumps(metadata)})
    return sink.getvalue().to_pybytes()


def parquet(table: pd.DataFrame, metadata: dict | None = None) -> bytes:
    """The table as parquet, with the metadata as JSON in its schema."""
    return packed(arrow(table), metadata)


def read(path: Path) -> tuple[pa.Table, dict]:
    """The table in a file and its metadata."""
    data = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read(use_threads=False)
    return data.replace_schema_metadata(None), json.loads((data.schema.metadata or {}).get(FIELD, b"{}"))


def load(path: Path) -> tuple[pd.DataFrame, dict]:
    """The same, with the table as pandas has it."""
    data, metadata = read(path)
    return data.to_pandas(use_threads=False), metadata
