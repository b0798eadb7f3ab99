"""Performing a study: what is not current is measured, the table is complete or not made, figures are drawn where something changed.

The published configuration goes to <results>/<study>/, any other to a folder of its own below <results>/custom/, the one of a few
seconds to <results>/smoke/.  Table and figures are committed, cells are not: a fresh clone measures only what is not current.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from straightedge.analysis.accuracy.summary import COLUMNS
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.paired import differences
from straightedge.analysis.cell.table import read, table, text
from straightedge.analysis.figure import look
from straightedge.analysis.figure.markdown import markdown
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.key import key
from straightedge.analysis.store.place import published
from straightedge.analysis.store.place import results as here
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.run import run_cells
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


def perform(study: Study, config: Any, jobs: int | None = None, anew: bool = False, results: Path | None = None) -> Outcome:
    """Measures what is not current, writes the table, draws the figures where the table or the drawing code changed."""
    folder, cells = place(study, config, results or here()), list(study.cells(config))
    keys = {cell: cell.key() for cell in cells}
    if len(set(keys.values())) != len(cells):
        raise ValueError(f"{study.name}: two cells are the same")
    old = None if anew else current(folder)
    if old is None and not anew and config == study.config():
        old = current(published() / study.name)
    missing = lacking(study, cells, keys, set() if old is None else set(old["key"]))
    if missing:
        records = run_cells(missing, jobs, None if anew else folder / "cells")
        fresh = table(missing, records, True, study.fields)
        if study.against:
            fresh = pd.concat([fresh, differences(missing, records, study.against)], ignore_index=True)
        kept = set(keys.values()) - {keys[cell] for cell in missing}
        old = fresh if old is None else pd.concat([old[old["key"].isin(kept)], fresh], ignore_index=True)
    assert old is not None  # nothing is missing only where a table has every key
    order = {key: position for position, key in enumerate(keys.values())}
    if not study.timed:
        old = old[old["metric"] != "seconds"]
    whole = old[old["key"].isin(order)].sort_values("key", key=lambda column: column.map(order), kind="stable")
    if set(whole["key"]) != set(order):
        raise ValueError(f"{study.name}: the table is incomplete")
    written = text(arranged(whole))
    if missing or not (folder / "summary.csv").is_file() or (folder / "summary.csv").read_text() != written:
        replace(folder / "summary.csv", written.encode())
    return Outcome(folder, len(missing), draw(study, folder))


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


def draw(study: Study, folder: Path) -> bool:
    """Draws the figures from the table on disk, unless those there came from the same table and the same code, as their manifest says."""
    data = (folder / "summary.csv").read_bytes()
    made = key({"table": sha256(data).hexdigest()}, (study.module, "straightedge.analysis.figure.look"))
    names = ["summary.csv", *(f"{name}.{kind}" for name in study.figures for kind in look.FORMATS)]
    names += [f"table.{kind}" for kind in ("md", "tex")] if study.tables else []
    said, there = manifest.known(folder), manifest.digests(folder)
    drawn = said.get("drawn") != made or any(name not in there or said["files"].get(name) != there[name] for name in names)
    if drawn:
        frame = read(folder / "summary.csv")
        with look.style():
            for name, figure in study.figures.items():
                look.save(figure(frame), folder, name, made)
        if study.tables:
            shown = study.tables(frame)
            replace(folder / "table.md", markdown(shown).encode())
            replace(folder / "table.tex", shown.to_latex(index=False, escape=True).encode())
    manifest.record(study.name, folder, made)
    return drawn
