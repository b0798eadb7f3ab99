"""Where things are: the checkout, if there is one, the published tables, and the folder that results go to."""

from pathlib import Path

import straightedge
from straightedge.estimators.network.error import InputError


def checkout() -> Path | None:
    """The root of the checkout that this code runs from; None where it is installed."""
    root = Path(straightedge.__file__).parent.parent
    return root if (root / "estimators").is_dir() and (root / "Makefile").is_file() else None


def root() -> Path:
    """The root of the checkout.  Raises InputError where this code is installed."""
    found = checkout()
    if found is None:
        raise InputError("this command writes into a checkout of the project, and an installed package has none")
    return found


def published() -> Path:
    """The folder of the published tables: results/ of the checkout, or its copy in the package.  Read only."""
    return (checkout() or Path(straightedge.__file__).parent) / "results"


def results() -> Path:
    """The folder that results go to where no other is named: results/ below the current folder."""
    return Path.cwd() / "results"


def shown(path: Path) -> str:
    """The path for a reader, relative to the current folder where it lies below."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
