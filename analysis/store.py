"""Stored results: one parquet file per cell, named by a key of its values and of the source that can change its numbers.

Existence means done: a file is written under a temporary name, flushed and renamed.  Nothing is ever unpickled.
"""

import ast
import json
import os
import tempfile
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("estimators", "analysis", "experiments")


def key(values: dict, modules: tuple[str, ...]) -> str:
    """16 hex digits that change when the plain values do, or the code of the modules and of what they import here."""
    text = json.dumps(values, sort_keys=True, allow_nan=False) + source(modules)
    return sha256(text.encode()).hexdigest()[:16]


@cache
def source(modules: tuple[str, ...]) -> str:
    """The code of these modules and of all project modules they import, without comments and docstrings."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        try:
            spec = find_spec(name)
        except ModuleNotFoundError:  # `from package.module import name` also asks for package.module.name
            continue
        if spec is None or spec.origin is None:
            continue
        tree = bare(ast.parse(Path(spec.origin).read_text()))
        seen[name] = ast.dump(tree)
        waiting += [found for found in imported(tree) if found.split(".")[0] in PACKAGES]
    return "\n".join(f"{name}: {seen[name]}" for name in sorted(seen))


def imported(tree: ast.AST) -> list[str]:
    """Modules that this code imports, in dotted form."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def bare(tree: ast.AST) -> ast.AST:
    """The tree without docstrings and other loose strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [part for part in node.body
                         if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
                                 and isinstance(part.value.value, str))]
    return tree


def replace(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def parquet(table: pd.DataFrame, metadata: dict | None = None) -> bytes:
    """The table as parquet, with the metadata as JSON in its schema."""
    data = pa.Table.from_pandas(table, preserve_index=False)
    if metadata is not None:
        data = data.replace_schema_metadata({**(data.schema.metadata or {}), b"straightedge": json.dumps(metadata).encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(data, sink)
    return sink.getvalue().to_pybytes()


def load(path: Path) -> tuple[pd.DataFrame, dict]:
    """The records of one cell and its metadata."""
    data = pq.read_table(path)
    return data.to_pandas(), json.loads((data.schema.metadata or {}).get(b"straightedge", b"{}"))
