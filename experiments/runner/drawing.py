"""Drawing a study: its figures and its readable table, from the table on disk, and on their face what is missing from it."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from matplotlib.figure import Figure

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import look
from straightedge.analysis.figure.markdown import escaped, markdown
from straightedge.analysis.figure.sheet import latex
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.key import key
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.study import Study

MAKERS = ("straightedge.analysis.figure.picture", "straightedge.analysis.figure.markdown")


def draw(study: Study, folder: Path, told: dict | None = None) -> bool:
    """Draws the figures from the table on disk, unless those there came from the same table and the same code, as their manifest says.
    They carry what is `told` of where the table is from."""
    made = maker(study, folder)
    names = ["summary.csv", *(f"{name}{added}.{kind}" for name in study.figures for added in look.WIDTHS for kind in look.FORMATS),
             *(f"{name}.txt" for name in study.figures)]
    names += [f"table.{kind}" for kind in ("md", "tex")] if study.tables else []
    said, there = manifest.known(folder), manifest.digests(folder)
    files = said.get("files")
    drawn = said.get("drawn") != made or not isinstance(files, dict) or any(
        name not in there or files.get(name) != there[name] for name in names)
    if drawn:
        figures(study, folder, made, told=told)
        tables(study, folder)
    manifest.record(study.name, folder, made)
    return drawn


def maker(study: Study, folder: Path) -> str:
    """The key of the table on disk and of the code that draws it."""
    digest = sha256((folder / "summary.csv").read_bytes()).hexdigest()
    return key({"table": digest}, (study.module, *MAKERS))


def figures(study: Study, folder: Path, made: str, missing: Sequence[str] = (), told: dict | None = None) -> None:
    """Writes the figures, each for a page's width and for a column's, and their captions beside them."""
    frame = read(folder / "summary.csv")
    for name, picture in study.figures.items():
        for added, width in look.WIDTHS.items():
            with look.style(width):
                drawing = picture.figure(frame) if missing else picture(frame)
                if missing:
                    say(drawing, missing)
            look.save(drawing, folder, f"{name}{added}", made, told)
        if not missing:
            replace(folder / f"{name}.txt", picture.words(frame).caption(study.drawn).encode())


def say(drawing: Figure, missing: Sequence[str]) -> None:
    """Writes above a figure what it lacks."""
    named = [*missing[:3], *([f"and {len(missing) - 3} more"] if len(missing) > 3 else [])]
    words = "\n".join(part if len(part) <= 110 else f"{part[:108]} .." for part in named).replace("$", r"\$")
    drawing.suptitle(f"INCOMPLETE, {len(missing)} missing:\n{words}", fontsize=6, color="#b00020")


def tables(study: Study, folder: Path, missing: Sequence[str] = ()) -> None:
    """Writes table.md and table.tex, where the study has such a table."""
    if study.tables:
        shown = study.tables(read(folder / "summary.csv"))
        head = "".join(f"**Incomplete.** Missing: {escaped(part)}\n\n" for part in missing)
        replace(folder / "table.md", (head + markdown(shown)).encode())
        comment = "".join(f"% Incomplete.  Missing: {part}\n" for part in missing)
        replace(folder / "table.tex", (comment + latex(shown)).encode())
