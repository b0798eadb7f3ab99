"""What the report shows of the published results: read from their files, nothing is measured."""

from base64 import b64encode
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from straightedge.analysis.cell.table import read
from straightedge.analysis.check.docstring import headings
from straightedge.analysis.figure import look
from straightedge.analysis.figure.picture import Picture
from straightedge.analysis.figure.sheet import levels, numeric, whole
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.error import InputError
from straightedge.experiments.report.formula import formula
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.study import Study


@dataclass(frozen=True)
class Grid:
    """A table of words: heads, which columns are numbers, rows, and of every row the estimator that it is about, or nothing."""

    heads: list[str]
    right: list[bool]
    rows: list[tuple[str, list[str]]]


def grid(frame: pd.DataFrame) -> Grid:
    """The table of a study, or of a file: all groups named in all rows, so that it can be sorted."""
    shown = whole(frame) if levels(frame) else frame.reset_index(drop=True).astype(str)
    named = shown["estimator"] if "estimator" in shown else pd.Series("", shown.index)
    rows = [(str(name), list(row)) for name, row in zip(named, shown.to_numpy().tolist(), strict=True)]
    return Grid(list(map(str, shown.columns)), numeric(shown), rows)


def images(picture: Picture, table: pd.DataFrame, folder: Path | None = None, name: str = "figure") -> dict[str, str]:
    """`page` and `column`: the figure for a wide and for a narrow screen, as addresses that hold them; of the files, or drawn."""
    found = {}
    for added, width in look.WIDTHS.items():
        file = None if folder is None else folder / f"{name}{added}.svg"
        if file is not None and file.is_file():
            data = file.read_bytes()
        else:
            with look.style(width):
                data = look.rendered(picture(table), "svg")
        found["column" if added else "page"] = f"data:image/svg+xml;base64,{b64encode(data).decode()}"
    return found


def section(study: Study, folder: Path) -> dict[str, Any]:
    """One study: question, pictures with their words, table, and what made it."""
    table = read(folder / "summary.csv")
    pictures = []
    for name, picture in study.figures.items():
        words = picture.words(table)
        current = (folder / f"{name}.txt").is_file()  # as the picture beside it: of the code that writes captions
        shown = images(picture, table, folder if current else None, name)
        pictures.append({"image": shown, "answer": words.answer, "number": words.number})
    return {"name": study.name, "asked": study.asked, "drawn": study.drawn, "pictures": pictures,
            "grid": grid(study.tables(table)) if study.tables else None, "made": provenance(folder)}


def provenance(folder: Path) -> str:
    """When, by what versions and on what machine the table was measured or drawn last."""
    run = manifest.known(folder, manifest.RUN)
    parts = [f"{name} {run[name]}" for name in ("torch", "numpy", "python", "system", "machine", "cores", "revision") if name in run]
    drawn = manifest.known(folder).get("drawn", "unknown code")
    return ", ".join([str(run.get("date", "at an unknown time")), *parts, f"drawn from {drawn}"])


def frame(path: Path) -> pd.DataFrame | None:
    """A published file of words and numbers, or None."""
    if not path.is_file():
        return None
    return pd.read_csv(path, dtype=str).fillna("")


def catalogue(measured: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Every estimator as its docstring declares it, with its measured errors in one line."""
    found = []
    for name, kind in registry().items():
        told = {head: text if head == "By" else text.replace("`", "") for head, text in headings(kind).items()}
        lines = [] if measured is None else [
            f"{row.problem}: bias {row.bias:.3g}, deviation {row.deviation:.3g}, passes {row.passes:.3g}"
            for row in measured[measured.label == name].itertuples()]
        found.append({"name": name, "words": look.words(name), "family": kind.family, "line": told[""], "by": formula(told.get("By", "")),
                      "told": {head: told[head] for head in ("Needs", "Bias", "Cost", "Paper") if head in told}, "measured": lines,
                      "fields": ", ".join(f"{field.name} = {field.default!r}" for field in fields(kind))})
    return sorted(found, key=lambda one: (list(look.COLOURS).index(one["family"]) if one["family"] in look.COLOURS else 99, one["words"]))


def opened(path: Path) -> pd.DataFrame:
    """A table that `measure` or a probe wrote, with the estimators' labels.  Raises InputError where the file is none."""
    readers = {".csv": read, ".json": lambda file: pd.read_json(file, orient="records"), ".parquet": pd.read_parquet}
    if path.suffix not in readers:
        raise InputError(f"report: {path}: expected a table that `measure --out` wrote, .csv, .json or .parquet")
    try:
        table = readers[path.suffix](path)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"report: {path} cannot be read as a table ({type(error).__name__}); expected one of `measure --out`") from None
    missing = [name for name in ("estimator", "group", "metric", "draws", "value", "low", "high", "verdict") if name not in table]
    if missing:
        raise InputError(f"report: {path} has no column {missing[0]}; expected a table that `measure --out` wrote")
    return table if "label" in table else table.assign(label=labels(table))


def plain(value: object) -> str:
    """A hyper-parameter as it was given: whole numbers, which a file with gaps holds as 4.0, without a decimal."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def labels(table: pd.DataFrame) -> pd.Series:
    """The estimator of every row, with the hyper-parameters in which rows of one estimator differ."""
    first = list(table.columns).index("estimator") + 1
    hyper = list(table.columns)[first:list(table.columns).index("group")]
    found = table.estimator.astype(str).copy()
    for _, rows in table.groupby("estimator", sort=False):
        differ = [name for name in hyper if rows[name].nunique(dropna=False) > 1]
        if differ:
            found[rows.index] += [f" ({', '.join(f'{name}={plain(value)}' for name, value in zip(differ, row, strict=True))})"
                                  for row in rows[differ].to_numpy().tolist()]
    return found
