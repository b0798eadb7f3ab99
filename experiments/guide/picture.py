"""The drawings of the documentation as files, docs/drawing/*.svg; each carries the key of what it was drawn from."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from straightedge.analysis.figure import look
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.key import key
from straightedge.analysis.store.place import root
from straightedge.experiments.guide import drawing, rooms

DRAWINGS: dict[str, Callable[[], Figure]] = {
    "rooms": rooms.figure, "model": drawing.model, "expectation": drawing.expectation, "gradient": drawing.gradient,
    "certain": drawing.certain, "kinks": drawing.kinks, "moments": drawing.moments}
"""File name -> drawing."""


def made(name: str) -> str:
    """The key of a drawing: of the imports that the rooms show, of the code that draws the others."""
    if name == "rooms":
        return key({"traffic": rooms.traffic().tolist(), "rooms": list(rooms.ROOMS)}, ())
    return key({"name": name}, ("straightedge.experiments.guide.drawing",))


def current(name: str, folder: Path) -> bool:
    """Whether the file is of today's code."""
    path = folder / f"{name}.svg"
    return path.is_file() and f"straightedge {made(name)}" in path.read_text()


def drawn(folder: Path | None = None) -> list[Path]:
    """Draws those that are not current; their paths."""
    folder, found = folder or root() / "docs" / "drawing", []
    for name, figure in DRAWINGS.items():
        if not current(name, folder):
            with look.style():
                data = look.rendered(figure(), "svg", made(name))
            folder.mkdir(exist_ok=True)
            replace(folder / f"{name}.svg", data)
            found.append(folder / f"{name}.svg")
    return found
