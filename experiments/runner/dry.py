"""What a run would measure, told without measuring: the cells, which are there, and what the others will cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.store.display import visible
from straightedge.estimators.catalogue.spelling import label_of
from straightedge.experiments.runner import log
from straightedge.experiments.runner.forecast import forecast, ordered, words
from straightedge.experiments.runner.perform import keyed, known, lacking, place
from straightedge.experiments.runner.run import read
from straightedge.experiments.runner.spread import processes
from straightedge.experiments.runner.study import Study

Plan = tuple[Sequence[Cell], Mapping[Cell, str], Path | None]


def studied(study: Study, config: Any, results: Path) -> Plan:
    """(cells of a study, where those are that are there, the folder of its cells)."""
    folder, keys = place(study, config, results), keyed(study, config)
    old = known(study, config, folder, {key: cell for cell, key in keys.items()}, False)
    missing = set(lacking(study, list(keys), keys, set() if old is None else set(old["key"])))
    there = {cell: "in the table" for cell in keys if cell not in missing}
    return list(keys), there | stored(list(missing), folder / "cells"), folder / "cells"


def stored(cells: Sequence[Cell], folder: Path | None) -> dict[Cell, str]:
    """The cells whose result is stored and sound."""
    return dict.fromkeys(read(cells, folder), "stored") if folder and folder.is_dir() else {}


def listed(cells: Sequence[Cell], there: Mapping[Cell, str], folder: Path | None, jobs: int | None) -> str:
    """A line for each cell in the order in which they would be begun, and what all of them will take."""
    waiting = [cell for cell in dict.fromkeys(cells) if cell not in there]
    seconds = forecast(waiting, log.read(folder) if folder else ())
    lines = [(there.get(cell) or f"about {words(seconds[cell])}", cell) for cell in (*there, *ordered(waiting, seconds))]
    width = max((len(word) for word, _ in lines), default=0)
    side = processes(waiting, jobs)
    last = f"{len(waiting)} of {len(set(cells))} cells to measure" + (
        f", about {words(sum(seconds.values()) / side)} with {side} at a time" if waiting else "")
    return "\n".join([*(visible(f"{word:<{width}}  {cell.problem.name}: {label_of(cell.estimator)}") for word, cell in lines), last])
