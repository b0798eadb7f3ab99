"""What a study shows where cells failed: its table, figures and readable table of the others, in a folder of their own, `partial/`.

The study's own folder keeps its complete old results: what is published is whole."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from straightedge.analysis.store.display import sentence
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import shown
from straightedge.experiments.runner.drawing import figures, tables
from straightedge.experiments.runner.study import Study

NAME = "partial"


def write_partial(study: Study, folder: Path, table: str | None, missing: Sequence[str], origin: dict | None = None) -> str:
    """Writes what there is, and why the rest is missing; the words that say where it is."""
    place = folder / NAME
    shutil.rmtree(place, ignore_errors=True)
    if table is None:
        return ""
    replace(place / "summary.csv", table.encode())
    replace(place / "missing.txt", "".join(f"{part}\n" for part in missing).encode())
    for make in (lambda: figures(study, place, "incomplete", missing, origin), lambda: tables(study, place, missing)):
        try:
            make()
        except OSError:
            raise
        except Exception as error:  # a figure may need what is missing
            print(sentence(f"{study.name}: not drawn from a part of its cells ({type(error).__name__}: {error})"), file=sys.stderr)
    return f"; the others are in {shown(place)}"


def remove_partial(folder: Path) -> None:
    """Removes what was shown while results were incomplete."""
    if (folder / NAME).is_dir():
        shutil.rmtree(folder / NAME, ignore_errors=True)
