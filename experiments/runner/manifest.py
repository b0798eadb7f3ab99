"""Is a published study current?  Told from files alone, without importing a library, so that `make figures` is done at once.

A folder of results holds a manifest: the key of the study's code, which is that of everything its cells, its table and its figures
are made by, every estimator included, and the digests of the files that were written.  Equal key and equal files: nothing to do.
What the manifest cannot tell, cell by cell, the keys in the table can.
"""

import json
from hashlib import sha256
from pathlib import Path

from straightedge.analysis.store.file import replace
from straightedge.analysis.store.key import key
from straightedge.estimators.catalogue.catalogue import entries

NAME = "manifest.json"
MAKERS = ("straightedge.analysis.cell.measure", "straightedge.analysis.cell.table", "straightedge.experiments.runner.perform")


def code_key(study: str) -> str:
    """The key of all code that the files of a study's published results can depend on."""
    estimators = (f"straightedge.estimators.{name}" for name, entry in entries().items() if entry.own)
    return key({}, (f"straightedge.experiments.{study}", *MAKERS, *estimators))


def digests(folder: Path) -> dict[str, str]:
    """Name -> digest of every file of results, the manifest apart."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("[!.]*"))
            if path.is_file() and path.name != NAME}


def known(folder: Path) -> dict:
    """What the manifest says; nothing where there is none that can be read."""
    try:
        found = json.loads((folder / NAME).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_current(study: str, folder: Path) -> bool:
    """Whether nothing has to be measured or drawn."""
    said = known(folder)
    return bool(said) and said.get("files") == digests(folder) and said.get("code") == code_key(study)


def record(study: str, folder: Path, drawn: str) -> None:
    """Writes the manifest, where it says something new; `drawn` is the key of table and code that the figures were made by."""
    said = {"code": code_key(study), "drawn": drawn, "files": digests(folder)}
    if said != known(folder):
        replace(folder / NAME, (json.dumps(said, indent=1) + "\n").encode())
