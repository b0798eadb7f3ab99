"""A module imports only from its own room or lower ones, and no imports go in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from straightedge.analysis.store.place import checkout
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.experiments.guide.rooms import ROOMS, arrows, room, sources

pytestmark = pytest.mark.unit

ALONE = {"analysis.store": ("estimators.network.error", "estimators.catalogue", "estimators"),
         "analysis.accuracy": ("estimators.network.error", "estimators.network.block"),
         "estimators.sum": ("estimators.network",),
         "estimators.network": ()}
"""Rooms that may import from these others alone."""


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
