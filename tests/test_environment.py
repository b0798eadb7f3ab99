"""environment.yml and pyproject.toml pin the same libraries, and the Makefile takes torch's pin from there."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def pinned() -> dict[str, str]:
    """Library -> version of pyproject.toml, the extra `test` included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return dict(pin.split("==") for pin in pins)


def drift(environment: str, pins: dict[str, str]) -> list[str]:
    """What differs between the two files."""
    found = dict(re.findall(r"^  - ([\w-]+)==([\w.]+)$", environment, re.MULTILINE))
    wanted = {CONDA.get(name, name): version for name, version in pins.items()}
    return sorted(set(found.items()) ^ set(wanted.items()))


def test_environment_pins_what_pyproject_pins():
    text = (ROOT / "environment.yml").read_text()
    assert drift(text, pinned()) == []
    assert drift(text.replace("numpy==2", "numpy==1"), pinned()) != []
    assert drift(text, {**pinned(), "new": "1.0"}) == [("new", "1.0")]


def test_every_dependency_is_pinned_and_has_its_line_in_the_docs():
    lines = (ROOT / "docs" / "dependencies.md").read_text()
    for name, version in pinned().items():
        assert re.fullmatch(r"[\d.]+", version)
        assert f"`{name}`" in lines, f"{name} has no line in docs/dependencies.md"


def test_make_finds_torchs_pin():
    script = re.search(r"sed -n '([^']+)' pyproject.toml", (ROOT / "Makefile").read_text())[1]
    said = subprocess.run(["sed", "-n", script, "pyproject.toml"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said == "torch==" + pinned()["torch"] + "\n"


def test_ci_runs_the_readmes_test_command():
    command = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.startswith("make")]
    assert command == ["make test"] and "make test" in (ROOT / "README.md").read_text()


def test_installed_versions_are_the_pinned_ones():
    from importlib.metadata import version

    wrong = {name: version(name) for name, pin in pinned().items() if version(name).split("+")[0] != pin}
    if wrong:
        pytest.fail(f"installed {wrong}, expected the pins of pyproject.toml; `make clean test` makes the environment anew")
