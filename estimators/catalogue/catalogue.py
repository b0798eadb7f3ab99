"""What there is, told from the files alone: nothing is imported, so that a list is there at once."""

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from keyword import iskeyword
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
    number: int
    """The line of the file in which the class begins."""
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
    taken = {path.stem: path for path in own.iterdir() if path.suffix == ".py" or path.is_dir()}
    for folder in (own, *others):
        for path in sorted(folder.glob("*.py")):
            if path.stem.startswith("_"):
                continue
            try:
                entry = read(path, folder == own, taken)
            except InputError as fault:
                wrong[path.stem] = f"{path}: {fault}"
                continue
            if entry:
                found[path.stem] = entry
            taken[path.stem] = path
    return found, wrong


def read(path: Path, own: bool, taken: Mapping[str, Path]) -> Entry | None:
    """The estimator of this file; None for a file of the package that holds none.  Raises InputError for a faulty plug-in."""
    name, kind = path.stem, camel(path.stem)
    if not own and name in taken:
        raise InputError(f"the name {name} is taken by {taken[name]}; expected a name that is free")
    if not name.isidentifier() or iskeyword(name):
        raise InputError(f"{name!r} cannot name a module of Python; expected small letters, digits and underscores, as in my_estimator.py")
    try:
        tree = ast.parse(path.read_text(), str(path))
    except (SyntaxError, ValueError, OSError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise InputError(f"it cannot be read as Python{where} ({error.msg if isinstance(error, SyntaxError) else error})") from None
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if kind in classes:
        line = (ast.get_docstring(classes[kind]) or "").split("\n")[0]
        return Entry(name, path, line, min([classes[kind].lineno, *(node.lineno for node in classes[kind].decorator_list)]), own)
    if own:
        return None
    there = ", ".join(f"{other} in line {node.lineno}" for other, node in classes.items())
    raise InputError(f"it has no class {kind}{f', only {there}' if there else ''}; expected one, named as the file, that is an Estimator")
