"""What the README and the docs tell people to paste works when pasted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.command.new import write_estimator

pytestmark = pytest.mark.endtoend

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
AWAY = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
"""For processes in another folder."""


def blocks(kind: str) -> list[str]:
    """The code blocks of one language."""
    return re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)


def test_the_network_of_the_readme_trains():
    code = next(block for block in blocks("python") if "nn.Module" in block)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_measurement_of_the_readme_runs(tmp_path):
    """The Python lines, pasted, and then the command lines on the file that they wrote."""
    code = next(block for block in blocks("python") if "from_torch" in block)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, env=AWAY)
    assert done.returncode == 0, done.stderr
    assert "straight_through" in done.stdout and {path.name for path in tmp_path.iterdir()} >= {"my.npz", "plot.png", "table.csv"}
    (tmp_path / "table.csv").unlink()
    script = next(block for block in blocks("sh") if "straightedge measure" in block)
    line = script[script.index("straightedge measure"):].split("\nstraightedge")[0].replace("\\\n", " ")
    done = subprocess.run([sys.executable, "-m", *line.split()], cwd=tmp_path, capture_output=True, text=True, check=False, env=AWAY)
    assert done.returncode == 0 and (tmp_path / "table.csv").is_file(), done.stderr


def test_the_estimator_of_the_readme_passes_the_checks(tmp_path):
    code = next(block for block in blocks("python") if "(Rule)" in block)
    name = re.findall(r"estimators/(\w+)\.py", README[: README.index(code)])[-1]
    (tmp_path / f"{name}.py").write_text(code)
    done = check(name, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / f"{name}.py").write_text(code.replace("1 backward", "7 backward"))
    assert check(name, tmp_path).returncode == 1


def check(name: str, folder: Path) -> subprocess.CompletedProcess:
    """The command that a user gives, for an estimator in a folder of their own."""
    words = [sys.executable, "-m", "straightedge", "check", name, "--plugins", str(folder)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_new_estimator_passes_the_checks(tmp_path):
    write_estimator("my_estimator", tmp_path)
    done = check("my_estimator", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_surrogate_of_the_docs_is_reinforce(monkeypatch):
    """Unbiased: 20 000 rows, every one of 23 coordinates within 5.5 standard errors, one false alarm in a million; half of it is not."""
    code = re.search(r"`score_surrogate.py`:\n\n```python\n(.*?)```", (ROOT / "docs" / "adding.md").read_text(), re.DOTALL)[1]
    space: dict = {"__name__": "written"}
    exec(code, space)
    kind = space["ScoreSurrogate"]
    network = Points((2, 3), points=4).build().metered()
    rows = kind()(network, 20_000, torch.Generator().manual_seed(0))
    assert network.cost(20_000).forwards == pytest.approx(1)
    error, truth = rows.std(0) / len(rows) ** 0.5, exact_gradient(network)
    assert ((rows.mean(0) - truth).abs() / error).max() < 5.5
    assert ((rows.mean(0) / 2 - truth).abs() / error * 2).max() > 5.5


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("straightedge")]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_readme_have_help(line):
    words = line.split("#")[0].split()[1:2]
    done = subprocess.run([sys.executable, "-m", "straightedge", *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
