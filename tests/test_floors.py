"""A module imports only from its own floor or lower ones, and no imports go in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from analysis.store import imported
from estimators import registry

ROOT = Path(__file__).parent.parent
PACKAGES = ("estimators", "analysis", "experiments")


def arrows(sources: dict[str, str]) -> dict[str, set[str]]:
    """Module -> project modules that it imports at its top level or below."""
    return {name: {found for found in imported(ast.parse(text)) if found in sources} for name, text in sources.items()}


def sources() -> dict[str, str]:
    """Module name -> text."""
    return {f"{package}.{path.stem}": path.read_text() for package in PACKAGES for path in (ROOT / package).glob("*.py")
            if path.stem != "__init__"}


def upward(graph: dict[str, set[str]]) -> list[str]:
    """Imports from a higher package, and of single estimators by what all of them stand on."""
    floor = {name: PACKAGES.index(name.split(".")[0]) for name in graph}
    wrong = [f"{name} imports {other}" for name, others in graph.items() for other in others if floor[other] > floor[name]]
    ground = {f"estimators.{name}" for name in ("noise", "loss", "meter", "network", "base", "sample", "transfer", "error")}
    single = {f"estimators.{name}" for name in registry()}
    return wrong + [f"{name} imports {other}" for name in ground for other in graph[name] & single]


def test_floors():
    graph = arrows(sources())
    assert upward(graph) == []
    tuple(TopologicalSorter(graph).static_order())


def test_the_test_can_fail():
    text = sources()
    assert upward(arrows(text | {"estimators.noise": "from experiments.cell import Cell"})) != []
    assert upward(arrows(text | {"estimators.base": "from estimators.arm import Arm"})) != []
    circle = arrows(text | {"estimators.noise": "from estimators.network import Network"})
    try:
        tuple(TopologicalSorter(circle).static_order())
    except CycleError:
        return
    raise AssertionError("a circle was not seen")


def test_files_are_short():
    """No source file over 200 lines; a long one holds more than one idea."""
    long = {name: len(text.splitlines()) for name, text in sources().items() if len(text.splitlines()) > 200}
    assert long == {}
