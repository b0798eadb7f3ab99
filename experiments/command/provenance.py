"""What made a file of results: from the file itself where it can carry words, else from the manifest beside it."""

import json
from pathlib import Path

from straightedge.analysis.store.display import visible
from straightedge.estimators.network.error import InputError
from straightedge.experiments.runner import manifest

EXPECTED = "a .parquet, or a .csv, .png, .svg, .pdf, .md or .tex in a folder with its manifest.json"


def provenance_of(path: Path) -> str:
    """Lines of name and value.  Raises InputError for a file that says nothing of where it is from."""
    if not path.is_file():
        raise InputError(f"provenance: {path}: no such file; expected {EXPECTED}")
    said = stored(path) if path.suffix == ".parquet" else beside(path)
    width = max(map(len, said))
    return visible("\n".join(f"{name:<{width}}  {words(value)}" for name, value in said.items()), lines=True)


def stored(path: Path) -> dict:
    """What a stored cell carries."""
    from straightedge.analysis.store.record import Damaged, opened

    try:
        return opened(path).metadata
    except Damaged as error:
        raise InputError(f"provenance: {path}: {error}; expected {EXPECTED}") from None


def beside(path: Path) -> dict:
    """What the manifest in the same folder says of a file."""
    said = manifest.known(path.parent)
    files = said.get("files")
    if not isinstance(files, dict) or path.name not in files:
        raise InputError(f"provenance: {path}: no manifest.json beside it names it; expected {EXPECTED}")
    same = manifest.digests(path.parent).get(path.name) == files[path.name]
    return {"file": path.name, "unchanged since": "yes" if same else "no: it is not what was written", "code": said.get("code"),
            "drawn by": said.get("drawn"), **manifest.known(path.parent, manifest.RUN)}


def words(value: object) -> str:
    """A value in one line."""
    return value if isinstance(value, str) else json.dumps(value)
