"""constraints.txt pins what pyproject.toml names, within its ranges; environment.yml and the Makefile use the same pins."""

import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent
CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def ranges() -> dict[str, Requirement]:
    """Library -> the requirement of pyproject.toml, the extras `test`, `safetensors`, `report`, `docs` and `dask` included."""
    extras = [text for name in ("test", "safetensors", "report", "docs", "dask") for text in EXTRAS[name]]
    found = [Requirement(text) for text in [*PROJECT["dependencies"], *extras]]
    return {requirement.name: requirement for requirement in found if requirement.name != "straightedge"}


def pins() -> dict[str, str]:
    """Library -> version of constraints.txt."""
    return dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#"))


def outside(needed: dict[str, Requirement], pinned: dict[str, str]) -> list[str]:
    """Libraries that are not pinned, pinned outside their range, or pinned and not named."""
    wrong = [name for name, requirement in needed.items() if name not in pinned or pinned[name] not in requirement.specifier]
    return sorted(wrong + [name for name in pinned if name not in needed])


def drift(environment: str, pinned: dict[str, str]) -> list[tuple[str, str]]:
    """What differs between environment.yml and the pins."""
    found = dict(re.findall(r"^  - ([\w-]+)==([\w.]+)$", environment, re.MULTILINE))
    return sorted(set(found.items()) ^ {(CONDA.get(name, name), number) for name, number in pinned.items()})


def test_pins_are_within_the_ranges():
    assert outside(ranges(), pins()) == []
    assert outside(ranges(), pins() | {"numpy": "1.26.4"}) == ["numpy"]
    assert outside(ranges(), pins() | {"new": "1.0"}) == ["new"]


def test_ranges_have_lower_bounds_and_no_pins():
    for name, requirement in ranges().items():
        assert [part.operator for part in requirement.specifier] == [">="], name


def test_environment_pins_the_same():
    text = (ROOT / "environment.yml").read_text()
    assert drift(text, pins()) == []
    assert drift(text.replace("numpy==2", "numpy==1"), pins()) != []
    assert drift(text, {**pins(), "new": "1.0"}) == [("new", "1.0")]


def test_every_dependency_has_its_line_in_the_docs():
    lines = (ROOT / "docs" / "dependencies.md").read_text()
    peers = [Requirement(text).name for extra in ("bench", "audit") for text in EXTRAS[extra]]
    assert [name for name in (*ranges(), *peers) if f"| `{name}` |" not in lines] == []


def test_make_uses_the_pins():
    text = (ROOT / "Makefile").read_text()
    assert re.search(r"^PIP = .*--constraint constraints.txt$", text, re.MULTILINE) and text.count("pip install") == 1
    script = re.search(r'"\$\$\((grep [^)]+)\)"', text)[1].replace("'", "")
    said = subprocess.run(script.split(), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == f"torch=={pins()['torch']}\n"


def test_ci_runs_the_readmes_test_command():
    command = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make")]
    assert command == ["make lint", "make test"] and "make test" in (ROOT / "README.md").read_text()
    assert all(f"run: {line}" in (ROOT / ".github" / "workflows" / "ci.yml").read_text() for line in command)


def test_installed_versions_are_the_pinned_ones():
    wrong = {name: version(name) for name, pin in pins().items() if version(name).split("+")[0] != pin}
    if wrong:
        pytest.fail(f"installed {wrong}, expected the pins of constraints.txt; `make clean test` makes the environment anew")
