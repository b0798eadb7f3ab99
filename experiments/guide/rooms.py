"""The rooms of the package and who imports from whom, read from the source; and the picture of it in docs/architecture.md."""

import ast
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from straightedge.analysis.figure import look
from straightedge.analysis.store.key import imported
from straightedge.analysis.store.place import root

ROOMS = (
    "estimators.network", "estimators.sum", "estimators.base", "estimators.sampling", "estimators.moment", "estimators",
    "estimators.catalogue", "estimators.module", "estimators.optimizer", "analysis.store", "analysis.accuracy", "analysis.problem",
    "analysis.cell", "analysis.lesson", "analysis.figure", "analysis.check", "analysis.claim", "experiments.runner.study", "experiments",
    "experiments.runner", "experiments.bench", "experiments.audit", "experiments.report", "experiments.guide", "experiments.command")
"""From the ground up: a room may import from itself and from those before it."""
HELD = {"estimators": "estimators/*.py, one a file", "estimators.base": "estimators/base.py", "experiments": "experiments/*.py, one a file",
        "experiments.runner.study": "experiments/runner/study.py"}
"""Rooms that are files."""


@cache
def sources() -> dict[str, str]:
    """Module name, without the package's -> text."""
    top = root()
    return {".".join(path.relative_to(top).with_suffix("").parts): path.read_text()
            for package in ("estimators", "analysis", "experiments") for path in (top / package).rglob("*.py")
            if path.stem not in ("__init__", "__main__")}


@cache
def imports(text: str) -> frozenset[str]:
    """Modules that a source imports, at its top level or below."""
    return frozenset(found.removeprefix("straightedge.") for found in imported(ast.parse(text)))


def arrows(texts: dict[str, str]) -> dict[str, frozenset[str]]:
    """Module -> project modules that it imports."""
    return {name: imports(text).intersection(texts) for name, text in texts.items()}


def room(name: str) -> str:
    """The most particular room that a module is in."""
    return max((place for place in ROOMS if f"{name}.".startswith(f"{place}.")), key=len)


def traffic() -> np.ndarray:
    """[importing room, imported room]: how many modules of the one are imported by modules of the other, each pair counted once."""
    counts = np.zeros((len(ROOMS), len(ROOMS)), int)
    for name, others in arrows(sources()).items():
        for other in others:
            counts[ROOMS.index(room(name)), ROOMS.index(room(other))] += 1
    return counts


def figure() -> Figure:
    """Rooms from the ground up: a number in row and column says how many imports the row's room makes from the column's."""
    counts = traffic()
    drawing, axes = look.panels(1, 1, 5.6)
    panel, names = axes[0, 0], [HELD.get(name, f"{name.replace('.', '/')}/") for name in ROOMS]
    for (row, column), count in np.ndenumerate(counts):
        if count and row != column:
            panel.add_patch(look.Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=look.SERIES[0], edgecolor="white",
                                           alpha=min(1.0, 0.25 + 0.15 * np.log2(count))))
            panel.text(column, row, str(count), ha="center", va="center", fontsize=6)
    for place in range(len(ROOMS)):
        panel.add_patch(look.Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor="0.85", edgecolor="white"))
    ends = [place for place in range(1, len(ROOMS)) if ROOMS[place].split(".")[0] != ROOMS[place - 1].split(".")[0]]
    for end in ends:
        panel.axhline(end - 0.5, color="0.5", linewidth=0.8)
        panel.axvline(end - 0.5, color="0.5", linewidth=0.8)
    panel.set(xlim=(-0.5, len(ROOMS) - 0.5), ylim=(-0.5, len(ROOMS) - 0.5), xlabel="is imported", ylabel="imports")
    panel.set_xticks(range(len(ROOMS)), names, rotation=55, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(ROOMS)), names)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return drawing
