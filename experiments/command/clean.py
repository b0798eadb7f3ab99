"""Cleaning: stored cells that nothing asks for any more, and the temporary files of killed runs."""

import re
from pathlib import Path

from straightedge.analysis.store.file import sweep
from straightedge.analysis.store.key import key, origin
from straightedge.analysis.store.place import shown
from straightedge.analysis.store.record import ENDING, Damaged, opened
from straightedge.experiments.runner.listing import studies
from straightedge.experiments.runner.study import Study

EARLIER = re.compile(r"[0-9a-f]{16}\.parquet")
"""Names of cells as they were once stored, which nothing reads any more."""


def cleaned(folder: Path) -> str:
    """Removes and says what."""
    if not folder.is_dir():
        return f"nothing to clean: there is no {shown(folder)}"
    known = studies()
    left = sum(sweep(place) for place in {folder, *(path for path in folder.rglob("*") if path.is_dir())})
    removed, size, unclear = 0, 0, 0
    for cells in [*folder.rglob("cells"), folder / "measured"]:
        asked = asked_for(known, cells.parent, folder)
        for path in cells.iterdir() if cells.is_dir() else ():
            if not path.is_file() or path.suffix != ENDING and not EARLIER.fullmatch(path.name):
                continue
            wanted = path.suffix == ENDING and (path.stem in asked if asked is not None else current(path))
            unclear += wanted is None
            if wanted is False:
                removed, size = removed + 1, size + path.stat().st_size
                path.unlink()
    said = f"removed {removed} stored cells, {size:,} bytes" + (f", and {left:,} bytes that killed runs left" if left else "")
    return said + (f"; kept {unclear} of estimators that are not here (--plugins DIR)" if unclear else "")


def asked_for(known: dict[str, Study], place: Path, folder: Path) -> set[str] | None:
    """The keys that a study asks for in its folder; None for a folder whose configuration is the user's."""
    study = known.get(place.name)
    if study is None or place not in (folder / study.name, folder / "smoke" / study.name):
        return None
    return {cell.key() for cell in study.cells(study.config() if place.parent == folder else study.smoke)}


def current(path: Path) -> bool | None:
    """Whether today's code would give a stored cell its name; None where a module of it is not here."""
    try:
        metadata = opened(path).metadata
        modules = tuple(metadata["modules"])
        values = metadata["cell"]
    except (Damaged, KeyError, TypeError):
        return False
    if any(origin(name) is None for name in modules):
        return None
    return path.stem == key(values, modules)
