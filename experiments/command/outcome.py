"""What the run of a study did, in a line, how long one of its cells may take, and what the first figure shows."""

from pathlib import Path

from straightedge.analysis.store.place import shown
from straightedge.estimators.network.error import InputError


def check_timeout(seconds: float | None) -> None:
    """Raises InputError for a time that is none."""
    if seconds is not None and not 0 < seconds < float("inf"):
        raise InputError(f"--cell-timeout: expected a positive number of seconds, got {seconds:g}")


def told(name: str, outcome) -> None:
    """A line about what a run of a study did."""
    folder = shown(outcome.folder)
    if outcome.measured or outcome.drawn:
        did = f"measured {outcome.measured} cells" if outcome.measured else "table current"
        print(f"{name}: {did}, {'drew figures' if outcome.drawn else 'figures current'}: {folder}", flush=True)
    else:
        print(f"{name}: nothing to do, {folder} is current", flush=True)


def first(folder: Path) -> str:
    """What the figure that one looks at first shows, from its caption, and where it is; nothing where it is not there."""
    caption, figure = folder / "figure.txt", folder / "figure.png"
    if not (caption.is_file() and figure.is_file()):
        return ""
    return f"{caption.read_text().splitlines()[0]}\nSee it in {shown(figure)}; how to read it: {shown(caption)}"
