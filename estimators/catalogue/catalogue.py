"""What there is, told from the files alone: nothing is imported, so that a list is there at once."""

import ast
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import straightedge.estimators
from straightedge.estimators.network.error import InputError


@dataclass(frozen=True)
class Entry:
    """One file that holds an estimator."""

    name: str
    path: Path
    line: str
    """The first line of the class's docstring."""
    own: bool
    """Whether it is the package's, not a plug-in."""


def camel(name: str) -> str:
    """straight_through -> StraightThrough."""
    return "".join(part.capitalize() for part in name.split("_"))


def extend(folder: str) -> None:
    """Finds estimators in this folder too, here and in worker processes started from now on.  Raises InputError for no folder."""
    if not folder or not Path(folder).is_dir():
        raise InputError(f"--plugins: {folder or 'nothing'} is not a folder; expected one with files of estimators")
    path = str(Path(folder).resolve())
    if path not in straightedge.estimators.__path__:
        straightedge.estimators.__path__.append(path)
        known = os.environ.get(straightedge.estimators.PLUGINS)
        os.environ[straightedge.estimators.PLUGINS] = os.pathsep.join(filter(None, (known, path)))
        scanned.cache_clear()


def entries() -> dict[str, Entry]:
    """Estimator name -> its file, in alphabetical order, those of plug-ins after the package's own."""
    return scanned()[0]


def faults() -> dict[str, str]:
    """Name -> why a plug-in's file is not used."""
    return scanned()[1]


@cache
def scanned() -> tuple[dict[str, Entry], dict[str, str]]:
    """(the estimators, the faults) of all folders."""
    own, *others = (Path(folder) for folder in straightedge.estimators.__path__)
    found, wrong = {}, {}
    taken = {path.stem for path in own.iterdir() if path.suffix == ".py" or path.is_dir()}
    for folder in (own, *others):
        for path in sorted(folder.glob("*.py")):
            name = path.stem
            if name.startswith("_"):
                continue
            if folder != own and name in taken:
                wrong[name] = f"{path}: the package has a file of this name; expected a name that is free"
                continue
            try:
                line = described(path, camel(name))
            except (SyntaxError, ValueError, OSError) as error:
                where = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
                wrong[name] = f"{path}: it cannot be read as Python{where} ({getattr(error, 'msg', error)})"
                continue
            if line is not None:
                found[name] = Entry(name, path, line, folder == own)
            elif folder != own:
                wrong[name] = f"{path}: it has no class {camel(name)}; expected one, named as the file, that is an Estimator"
            taken.add(name)
    return found, wrong


def described(path: Path, kind: str) -> str | None:
    """The first line of the docstring of this class; None where the file has none."""
    tree = ast.parse(path.read_text(), str(path))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == kind:
            return (ast.get_docstring(node) or "").split("\n")[0]
    return None
