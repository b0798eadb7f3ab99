"""Performing a study: what is not current is measured, the table is complete or not made, figures are drawn where something changed.

The published configuration goes to <results>/<study>/, any other to a folder of its own below <results>/custom/, the one of a few
seconds to <results>/smoke/.  Table and figures are committed, cells are not: a fresh clone measures only what is not current.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from straightedge.analysis.accuracy.summary import COLUMNS
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.paired import differences
from straightedge.analysis.cell.table import columns, parsed, read, table, text
from straightedge.analysis.store.file import replace, sweep
from straightedge.analysis.store.place import published, shown
from straightedge.analysis.store.place import results as here
from straightedge.analysis.store.spreadsheet import guard
from straightedge.estimators.network.error import Failed
from straightedge.experiments.runner import manifest, provenance, soundness
from straightedge.experiments.runner.drawing import draw
from straightedge.experiments.runner.fault import told
from straightedge.experiments.runner.partial import remove_partial, write_partial
from straightedge.experiments.runner.provenance import Origin
from straightedge.experiments.runner.run import Ran, run_cells
from straightedge.experiments.runner.study import Study


@dataclass(frozen=True)
class Outcome:
    """What a run of a study did."""

    folder: Path
    measured: int
    """Cells that had to be measured."""
    drawn: bool
    """Whether the figures were drawn anew."""


def place(study: Study, config: Any, results: Path) -> Path:
    """The folder of a configuration's results."""
    if config == study.config():
        return results / study.name
    if config == study.smoke:
        return results / "smoke" / study.name
    digest = sha256(repr(config).encode()).hexdigest()[:8]
    return results / "custom" / f"{study.name}-{digest}"


def current(folder: Path) -> pd.DataFrame | None:
    """The table in this folder, or None."""
    path = folder / "summary.csv"
    return read(path) if path.is_file() else None


def believed(folder: Path, cells: dict[str, Cell]) -> pd.DataFrame | None:
    """The lines of the table in this folder that are these cells', whole and as they were written; a line on standard error about
    every other that bears the key of one of them."""
    path = folder / "summary.csv"
    if not path.is_file():
        return None
    try:
        whole = path.read_text()
    except ValueError:
        whole = ""
    found = {key: rows for key, rows in soundness.sound(whole, manifest.lines(folder)).items()
             if key in cells and fitting(cells[key], rows)}
    damaged = sum(key in whole and key not in found for key in cells)
    if damaged or not whole:
        print(f"{shown(path)} is not believed: {damaged or 'all'} of its cells are not as they were written; they are made anew",
              file=sys.stderr)
    return parsed(soundness.text(found)) if found else None


def fitting(cell: Cell, rows: soundness.Lines) -> bool:
    """Whether lines are of this cell, with all its numbers of draws."""
    names = columns(cell)
    said = {(row.get("problem"), row.get("label")) for row in rows}
    return said == {(guard(names["problem"]), guard(names["label"]))} and {float(row["draws"]) for row in rows} == {1, *cell.draws}


def perform(study: Study, config: Any, jobs: int | None = None, anew: bool = False, results: Path | None = None,
            timeout: float | None = None, scheduler: str | None = None, verbose: bool = False) -> Outcome:
    """Measures what is not current, writes the table, draws the figures where the table or the drawing code changed.

    Raises Failed where cells failed; what there is of the others is then shown in a folder of its own."""
    folder, keys = place(study, config, results or here()), keyed(study, config)
    cells = list(keys)
    sweep(folder)
    old = known(study, config, folder, {key: cell for cell, key in keys.items()}, anew)
    missing = lacking(study, cells, keys, set() if old is None else set(old["key"]))
    ran = run_cells(missing, jobs, None if anew else folder / "cells", timeout, scheduler, verbose) if missing else Ran({}, {}, 0)
    whole = joined(study, keys, old, [cell for cell in cells if cell in missing], ran)
    written = None if whole is None else text(arranged(whole))
    made = origins(study, config, folder, set() if whole is None else set(whole["key"]),
                   {keys[cell]: metadata for cell, metadata in ran.metadata.items()})
    origin = provenance.summary(repr(config), made)
    try:
        ran.check()
    except Failed as error:
        said = write_partial(study, folder, written, [told(cell, found) for cell, found in ran.faults.items()], origin)
        raise Failed(f"{study.name}: {len(ran.faults)} of {len(cells)} cells failed{said}: {error}") from None
    if whole is None or written is None or set(whole["key"]) != set(keys.values()):
        raise ValueError(f"{study.name}: the table is incomplete")
    path = folder / "summary.csv"
    if missing or not path.is_file() or path.read_bytes() != written.encode():
        manifest.announce(folder, written)
        replace(path, written.encode())
    remove_partial(folder)
    run = provenance.record(repr(config), made)
    if made and run != manifest.known(folder, manifest.RUN):
        replace(folder / manifest.RUN, manifest.form(run))
    return Outcome(folder, len(missing), draw(study, folder, origin))


def origins(study: Study, config: Any, folder: Path, keys: set[str], measured: dict[str, dict]) -> dict[str, Origin]:
    """Key -> where that cell of the table is from: as it was measured, or as the record beside the table that had it says."""
    places = [published() / study.name, folder] if config == study.config() else [folder]
    found = {key: one for place in places for key, one in provenance.origins(manifest.known(place, manifest.RUN)).items()}
    return {key: one for key, one in (found | {key: Origin.of(said) for key, said in measured.items()}).items() if key in keys}


def keyed(study: Study, config: Any) -> dict[Cell, str]:
    """The cells of a configuration, each with its key."""
    cells = list(study.cells(config))
    keys = {cell: cell.key() for cell in cells}
    if len(set(keys.values())) != len(cells):
        raise ValueError(f"{study.name}: two cells are the same")
    return keys


def known(study: Study, config: Any, folder: Path, cells: dict[str, Cell], anew: bool) -> pd.DataFrame | None:
    """The current lines of the table, of this folder or of the published one."""
    if anew:
        return None
    found = believed(folder, cells)
    if found is None and config == study.config():
        found = believed(published() / study.name, cells)
    return found


def joined(study: Study, keys: dict[Cell, str], old: pd.DataFrame | None, missing: Sequence[Cell], ran: Ran) -> pd.DataFrame | None:
    """The table of what was known and what was measured, in the order of the cells; None where there is nothing."""
    parts = []
    if old is not None:
        parts.append(old[old["key"].isin(set(keys.values()) - {keys[cell] for cell in missing})])
    measured = [cell for cell in missing if cell in ran.records]
    if measured:
        parts.append(table(measured, ran.records, True, study.fields))
        based = {cell.problem for cell in measured if cell.estimator == study.against}
        paired = [cell for cell in measured if cell.problem in based]
        if study.against and paired:
            parts.append(differences(paired, ran.records, study.against))
    if not parts:
        return None
    whole = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    order = {key: position for position, key in enumerate(keys.values())}
    whole = whole[whole["metric"] != "seconds"]
    if study.keep:
        whole = whole[study.keep(whole)]
    return whole[whole["key"].isin(order)].sort_values("key", key=lambda column: column.map(order), kind="stable")


def lacking(study: Study, cells: Sequence[Cell], keys: dict[Cell, str], known: set[str]) -> list[Cell]:
    """The cells to measure: those whose key is not known, and what is paired with them: with every cell its partner, with a partner
    all cells of its problem."""
    missing = {cell for cell in cells if keys[cell] not in known}
    if study.against:
        problems = {cell.problem for cell in missing}
        alone = {cell.problem for cell in missing if cell.estimator == study.against}
        missing |= {cell for cell in cells if cell.problem in alone or cell.estimator == study.against and cell.problem in problems}
    return [cell for cell in cells if cell in missing]


def arranged(whole: pd.DataFrame) -> pd.DataFrame:
    """Columns without any value dropped, in an order that does not depend on what was measured first: names, fields of the problem,
    hyper-parameters, numbers."""
    whole = whole.dropna(axis="columns", how="all")
    tail = [column for column in [*COLUMNS, "key"] if column in whole]
    names = [column for column in ("problem", "label", "estimator") if column in whole]
    fields = sorted(set(whole.columns) - set(names) - set(tail), key=lambda column: (not column.startswith("problem_"), column))
    return whole[[*names, *fields, *tail]]
