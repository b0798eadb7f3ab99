"""What made a file of results: told by the file itself where it can carry words, else by the records of the folder that it is of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from straightedge.analysis.figure.metadata import carried
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.place import published, results, shown
from straightedge.estimators.network.error import InputError
from straightedge.experiments.runner import manifest, provenance
from straightedge.experiments.runner.written import digest as digest_of
from straightedge.experiments.runner.written import remembered

EXPECTED = "a .cell, .parquet, .png, .svg or .pdf of this package, or a table that a folder of results, its own, here or published, knows"


def provenance_of(path: Path) -> str:
    """Lines of name and value.  Raises InputError for a file of which nothing is known."""
    if not path.is_file():
        raise InputError(f"provenance: {path}: no such file; expected {EXPECTED}")
    said = {"file": path.name} | beside(path)
    told = stored(path) if path.suffix in (".cell", ".parquet") else carried(path) or {}
    said |= told or kept(path)
    if len(said) == 1:
        raise InputError(f"provenance: {path}: it says nothing of where it is from, and no record here knows it; expected {EXPECTED}")
    lines = list(flat(said))
    width = max(len(name) for name, _ in lines)
    return visible("\n".join(f"{name:<{width}}  {value}" for name, value in lines), lines=True)


def stored(path: Path) -> dict:
    """What a stored cell or a parquet carries, where it is as it was written."""
    from straightedge.analysis.store.parquet import load
    from straightedge.analysis.store.record import Damaged, opened

    try:
        return load(path)[1] if path.suffix == ".parquet" else opened(path).metadata
    except Damaged as error:
        raise InputError(f"provenance: {path}: {error}; expected {EXPECTED}") from None


def beside(path: Path) -> dict:
    """What the manifest in the same folder says of a file: whether it is as it was written, and by which code."""
    said = manifest.known(path.parent)
    files = said.get("files")
    if not isinstance(files, dict) or path.name not in files:
        return {}
    same = manifest.digests(path.parent).get(path.name) == files[path.name]
    return {"unchanged since": "yes" if same else "no: it is not what was written", "code": said.get("code"), "drawn by": said.get("drawn")}


def kept(path: Path) -> dict:
    """What the record of a folder says whose manifest knows a file of these bytes, whatever it is called now: the file's own, then any of
    results/ here, then any that is published."""
    digest = digest_of(path)
    for folder in folders(path):
        said = manifest.known(folder, manifest.RUN)
        files = said.get("files") or manifest.known(folder).get("files")
        if isinstance(files, dict) and (digest in files.values() or folder == path.parent and path.name in files):
            found, rest = provenance.origins(said), {name: value for name, value in said.items() if name != "files"}
            return {"folder": shown(folder)} | (provenance.summary(str(said.get("configuration")), found) if found else rest)
    return remembered(results() / "measured", digest)


def folders(path: Path) -> Iterator[Path]:
    """The folders of results that may know a file."""
    yield path.parent
    for place in dict.fromkeys((results(), published())):
        yield from sorted({found.parent for name in (manifest.NAME, manifest.RUN) for found in place.rglob(name)})


def flat(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, value in one line), of runs one after the other."""
    for name, value in said.items():
        if name == "runs" and isinstance(value, list):
            for place, run in enumerate(value, 1):
                if len(value) > 1:
                    yield "run", f"{place} of {len(value)}"
                yield from flat(run if isinstance(run, dict) else {"run": run})
        else:
            yield name, value if isinstance(value, str) else json.dumps(value)
