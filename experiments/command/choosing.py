"""The page docs/choosing.md, from the table of the study classification, so that it cannot drift."""

from pathlib import Path

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure.choosing_page import page
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import published, root


def written(path: Path | None = None) -> Path:
    """Writes the page, docs/choosing.md of the checkout if no path is given, where it is not what it should be; its path."""
    path, text = path or root() / "docs" / "choosing.md", page(read(published() / "classification" / "summary.csv"))
    if not path.is_file() or path.read_text() != text:
        replace(path, text.encode())
    return path
