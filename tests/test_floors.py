"""A module imports only from its own room or lower ones, and no imports go in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from straightedge.analysis.store.key import imported
from straightedge.analysis.store.place import checkout
from straightedge.estimators.catalogue.catalogue import entries

pytestmark = pytest.mark.unit

ROOMS = (
    "estimators.network", "estimators.sum", "estimators.base", "estimators.sampling", "estimators.moment", "estimators",
    "estimators.catalogue", "estimators.module", "estimators.optimizer", "analysis.store", "analysis.accuracy", "analysis.problem",
    "analysis.cell", "analysis.lesson", "analysis.figure", "analysis.check", "analysis.claim", "experiments.runner.study", "experiments",
    "experiments.runner", "experiments.bench", "experiments.audit", "experiments.report", "experiments.command")
"""From the ground up: a room may import from itself and from those before it."""
ALONE = {"analysis.store": ("estimators.network.error", "estimators.catalogue", "estimators"),
         "analysis.accuracy": ("estimators.network.error", "estimators.network.block"),
         "estimators.sum": ("estimators.network",),
         "estimators.network": ()}
"""Rooms that may import from these others alone."""


def sources() -> dict[str, str]:
    """Module name, without the package's -> text."""
    root = checkout()
    return {".".join(path.relative_to(root).with_suffix("").parts): path.read_text()
            for package in ("estimators", "analysis", "experiments") for path in (root / package).rglob("*.py")
            if path.stem not in ("__init__", "__main__")}


def arrows(texts: dict[str, str]) -> dict[str, set[str]]:
    """Module -> project modules that it imports, at its top level or below."""
    return {name: {found.removeprefix("straightedge.") for found in imported(ast.parse(text))} & texts.keys()
            for name, text in texts.items()}


def room(name: str) -> str:
    """The most particular room that a module is in."""
    return max((place for place in ROOMS if f"{name}.".startswith(f"{place}.")), key=len)


def upward(graph: dict[str, set[str]]) -> list[str]:
    """Imports from a higher room, from outside the rooms that a room is confined to, and of single estimators by machinery."""
    single = {f"estimators.{name}" for name in entries()}
    machinery = {name for name in graph if name.startswith("estimators.") and name not in single}
    wrong = []
    for name, others in graph.items():
        here = room(name)
        for other in others:
            there = room(other)
            confined = here in ALONE and there != here and not any(f"{other}.".startswith(f"{place}.") for place in ALONE[here])
            if ROOMS.index(there) > ROOMS.index(here) or confined or name in machinery and other in single:
                wrong.append(f"{name} imports {other}")
    return wrong


def test_floors():
    graph = arrows(sources())
    assert upward(graph) == []
    tuple(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(("name", "text"), (
    ("estimators.network.noise", "from straightedge.analysis.cell.cell import Cell"),
    ("estimators.base", "from straightedge.estimators.arm import Arm"),
    ("estimators.moment.exact", "from straightedge.estimators.arm import Arm"),
    ("analysis.cell.cell", "from straightedge.analysis.check.ladder import ladder"),
    ("analysis.accuracy.summary", "from straightedge.estimators.network.network import Network"),
    ("analysis.accuracy.summary", "import straightedge.analysis.problem.problem"),
))
def test_an_import_upward_is_seen(name, text):
    assert upward(arrows(sources() | {name: text})) != []


def test_a_circle_is_seen():
    circle = arrows(sources() | {"estimators.network.noise": "from straightedge.estimators.network.network import Network"})
    with pytest.raises(CycleError):
        tuple(TopologicalSorter(circle).static_order())


def test_every_room_says_who_lives_there():
    """An `__init__.py` with a docstring of at most four lines in every room, which is a package of pyproject.toml."""
    import tomllib

    root = checkout()
    packages = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent for package in ("estimators", "analysis", "experiments") for path in (root / package).rglob("*.py")}
    assert {f"straightedge.{'.'.join(folder.relative_to(root).parts)}" for folder in folders} | {"straightedge", "straightedge.results"} \
        == set(packages)
    for folder in folders:
        text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert text and len(text.splitlines()) <= 5, folder


def test_files_are_short():
    """No source file over 200 lines; a long one holds more than one idea."""
    assert {name: len(text.splitlines()) for name, text in sources().items() if len(text.splitlines()) > 200} == {}
