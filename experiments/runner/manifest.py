"""Is a published study current?  Told from files alone, without importing a library, so that `make figures` is done at once.

A folder of results holds a manifest: the key of the study's code, which is that of everything its cells, its table and its figures
are made by, every estimator included, the digests of the files that were written, and the digest of every cell's lines of the table.  Equal
key and equal files: nothing to do.  What the manifest cannot tell, cell by cell, the keys in the table can.
"""

import json
from hashlib import sha256
from pathlib import Path

from straightedge.analysis.store.file import replace
from straightedge.analysis.store.key import key
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.experiments.runner import soundness

NAME = "manifest.json"
RUN = "run.json"
"""What measured the cells of the table, and when (runner/provenance).  Not a result, so in no digest."""
MAKERS = ("straightedge.analysis.cell.measure", "straightedge.analysis.cell.table", "straightedge.experiments.runner.perform")


def code_key(study: str) -> str:
    """The key of all code that the files of a study's published results can depend on."""
    estimators = (f"straightedge.estimators.{name}" for name, entry in entries().items() if entry.own)
    return key({}, (f"straightedge.experiments.{study}", *MAKERS, *estimators))


def digests(folder: Path) -> dict[str, str]:
    """Name -> digest of every file of results, the manifest apart."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("[!.]*"))
            if path.is_file() and path.name not in (NAME, RUN)}


def known(folder: Path, name: str = NAME) -> dict:
    """What the manifest, or the run's record, says; nothing where there is none that can be read."""
    try:
        found = json.loads((folder / name).read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_current(study: str, folder: Path) -> bool:
    """Whether nothing has to be measured or drawn."""
    said = known(folder)
    return bool(said) and said.get("files") == digests(folder) and said.get("code") == code_key(study)


def lines(folder: Path) -> dict[str, str] | None:
    """Key -> digest of the lines that a cell has in the table, as the manifest says; None where it does not."""
    said = known(folder).get("lines")
    return said if isinstance(said, dict) else None


def announce(folder: Path, table: str) -> None:
    """Adds the digests of the lines of a table to the manifest, before that table is written: a run that is killed in between leaves
    either table believed."""
    said = known(folder)
    told = soundness.digests(table)
    replace(folder / NAME, form(said | {"lines": (lines(folder) or {}) | told}))


def form(said: dict) -> bytes:
    """The manifest as a file."""
    return (json.dumps(said, indent=1) + "\n").encode()


def record(study: str, folder: Path, drawn: str) -> None:
    """Writes the manifest, where it says something new; `drawn` is the key of table and code that the figures were made by."""
    said = {"code": code_key(study), "drawn": drawn, "files": digests(folder),
            "lines": soundness.digests((folder / "summary.csv").read_text())}
    if said != known(folder):
        replace(folder / NAME, form(said))
