"""A study: a module of this folder with a question (its docstring), a Config, cells(config) and figure(table).

The published configuration is Config() and goes to results/<study>/; any other goes to a folder of its own under results/custom/,
and the few-second --smoke configuration to results/smoke/.  The table and the figures are committed, the cells are not: a fresh
clone redraws from the table whatever is still current, and measures only what is not.  A study may name PROBLEM_FIELDS, fields of
its problems that become columns problem_<field>; TIMED = True, which keeps seconds in the table; AGAINST, one of its estimators, from
whose errors the others' differences, paired by seed, become rows of the table.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pandas as pd

from analysis import figure as figures
from analysis import store
from analysis.summary import COLUMNS
from experiments.paired import differences
from experiments.run import measured, read, table, text

RESULTS = store.ROOT / "results"


@dataclass(frozen=True)
class Outcome:
    """What a run of a study did."""

    folder: Path
    measured: int
    """Cells that had to be measured."""
    drawn: bool
    """Whether the figures were drawn anew."""


@cache
def studies() -> dict[str, ModuleType]:
    """Study name -> module, for every file of this folder that holds one."""
    import experiments

    found = {module.name: import_module(f"experiments.{module.name}") for module in iter_modules(experiments.__path__)
             if not module.name.startswith("_")}
    return {name: module for name, module in found.items() if all(hasattr(module, part) for part in ("Config", "cells", "figure"))}


def question(study: ModuleType) -> str:
    """The first line of the study's docstring."""
    return (study.__doc__ or "").strip().split("\n")[0]


def title(study: ModuleType) -> str:
    """The study's name."""
    return study.__name__.rsplit(".", 1)[-1]


def place(study: ModuleType, config) -> Path:
    """The folder of a configuration's results."""
    if config == study.Config():
        return RESULTS / title(study)
    if hasattr(study, "SMOKE") and config == study.SMOKE:
        return RESULTS / "smoke" / title(study)
    digest = sha256(repr(config).encode()).hexdigest()[:8]
    return RESULTS / "custom" / f"{title(study)}-{digest}"


def current(folder: Path) -> pd.DataFrame | None:
    """The committed table, or None."""
    path = folder / "summary.csv"
    return read(path) if path.is_file() else None


def perform(study: ModuleType, config, jobs: int | None = None, anew: bool = False) -> Outcome:
    """Measures what is not current, writes the table, draws the figures where the table or the drawing code changed."""
    folder, cells = place(study, config), list(study.cells(config))
    keys = {cell: cell.key() for cell in cells}
    if len(set(keys.values())) != len(cells):
        raise ValueError(f"{title(study)}: two cells are the same")
    old = None if anew else current(folder)
    kept = set() if old is None else set(old["key"])
    missing, against = [cell for cell in cells if keys[cell] not in kept], getattr(study, "AGAINST", None)
    if against:  # a pair is measured together: with every cell its partner, with a partner all cells of its problem
        problems, alone = {cell.problem for cell in missing}, {cell.problem for cell in missing if cell.estimator == against}
        missing = [cell for cell in cells if cell in missing or cell.problem in alone
                   or cell.estimator == against and cell.problem in problems]
    if missing:
        records = measured(missing, jobs, None if anew else folder / "cells")
        fresh = table(missing, records, True, getattr(study, "PROBLEM_FIELDS", ()))
        fresh = pd.concat([fresh, differences(missing, records, against)], ignore_index=True) if against else fresh
        kept = set(keys.values()) - {keys[cell] for cell in missing}
        old = fresh if old is None else pd.concat([old[old["key"].isin(kept)], fresh], ignore_index=True)
    order = {key: position for position, key in enumerate(keys.values())}
    if not getattr(study, "TIMED", False):  # seconds differ from run to run and from machine to machine
        old = old[old["metric"] != "seconds"]
    whole = old[old["key"].isin(order)].sort_values("key", key=lambda column: column.map(order), kind="stable")
    if set(whole["key"]) != set(order):
        raise ValueError(f"{title(study)}: the table is incomplete")
    written = text(arranged(whole))
    if missing or not (folder / "summary.csv").is_file() or (folder / "summary.csv").read_text() != written:
        store.replace(folder / "summary.csv", written.encode())
    return Outcome(folder, len(missing), draw(study, folder))


def arranged(whole: pd.DataFrame) -> pd.DataFrame:
    """Columns without any value dropped, in an order that does not depend on what was measured first: names, fields of the problem,
    hyper-parameters, numbers."""
    whole = whole.dropna(axis="columns", how="all")
    tail = [column for column in [*COLUMNS, "key"] if column in whole]
    names = [column for column in ("problem", "label", "estimator") if column in whole]
    fields = sorted(set(whole.columns) - set(names) - set(tail), key=lambda column: (not column.startswith("problem_"), column))
    return whole[[*names, *fields, *tail]]


def draw(study: ModuleType, folder: Path) -> bool:
    """Draws the figures from the table on disk, unless those there came from the same table and the same code."""
    stamp, data = folder / "cells" / ".drawn", (folder / "summary.csv").read_bytes()
    names = [f"{name}.{kind}" for name in getattr(study, "FIGURES", ("figure",)) for kind in figures.FORMATS]
    names += [f"table.{kind}" for kind in ("md", "tex")] if hasattr(study, "tables") else []
    made = store.key({"table": sha256(data).hexdigest()}, (study.__name__, "analysis.figure"))
    if stamp.is_file() and stamp.read_text() == made and all((folder / name).is_file() for name in names):
        return False
    frame = read(folder / "summary.csv")
    with figures.style():
        for name in getattr(study, "FIGURES", ("figure",)):
            drawing = study.figure(frame) if name == "figure" else getattr(study, name)(frame)
            figures.save(drawing, folder, name)
    if hasattr(study, "tables"):
        summary = study.tables(frame)
        store.replace(folder / "table.md", markdown(summary).encode())
        store.replace(folder / "table.tex", summary.to_latex(index=False, escape=True).encode())
    store.replace(stamp, made.encode())
    return True


def markdown(frame: pd.DataFrame) -> str:
    """The table in Markdown."""
    rows = [list(frame.columns), *frame.astype(str).to_numpy().tolist()]
    head, *body = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return "\n".join((head, "| --- " * frame.shape[1] + "|", *body)) + "\n"


def moved(before: pd.DataFrame, after: pd.DataFrame, limit: float = 3.0) -> list[str]:
    """A line for every number that differs by more than `limit` standard errors of the difference; exact ones by more than 1e-6."""
    keys = [column for column in before.columns if column in after.columns and column not in
            ("value", "error", "low", "high", "verdict", "key", "rows", "seeds", "method")]
    before, after = (frame.assign(turn=frame.groupby(keys, dropna=False).cumcount()) for frame in (before, after))  # exact beside sampled
    joined = before.merge(after, on=[*keys, "turn"], how="outer", suffixes=("_before", "_after"), indicator=True)
    lines = []
    for row in joined.to_dict("records"):
        name = ", ".join(str(row[key]) for key in keys if row[key] == row[key])
        if row["_merge"] != "both":
            lines.append(f"{name}: only {'before' if row['_merge'] == 'left_only' else 'after'}")
            continue
        if row["metric"] == "seconds":
            continue
        change = abs(row["value_after"] - row["value_before"])
        error = (row["error_before"] ** 2 + row["error_after"] ** 2) ** 0.5
        floor = 2e-6 * abs(row["value_before"])
        if change > max(limit * error if error == error else 0.0, floor):
            lines.append(f"{name}: {row['value_before']:.6g} -> {row['value_after']:.6g} (error {error:.2g})")
    return lines

