"""The wheel in a fresh environment, used from a repository that has folders of the same names as the project's."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.endtoend

USE = '''
import torch, straightedge as se
model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
torch.manual_seed(0)
problem = se.from_torch(model, torch.randn(8, 2), torch.randint(0, 2, (8,)))
problem.save("my.npz")
result = se.measure("my.npz", ["straight_through", "arm"], rows=50, seeds=2, jobs=1)
assert set(result.table.estimator) == {"straight_through", "arm"}
assert set(se.exact_gradient(problem)) == {"layer0", "layer1"}
print(se.__file__)
'''
TEST = '''
import torch
from straightedge import assert_unbiased


def loss(x):
    return (x.sum(-1) - 1.2) ** 2


def reinforce(logits, loss, rng):
    x = (torch.rand(logits.shape, generator=rng, dtype=logits.dtype) < torch.sigmoid(logits)).to(logits)
    return loss(x).unsqueeze(-1) * (x - torch.sigmoid(logits))


def test_reinforce_is_unbiased():
    assert_unbiased(reinforce, loss, torch.tensor([0.4, -0.8, 1.1], dtype=torch.float64))
'''


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def place(wheel, tmp_path_factory):
    """(Python of a fresh environment with the wheel, a repository with folders of the project's names); libraries are borrowed."""
    folder = tmp_path_factory.mktemp("user")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    borrowed = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "borrowed.pth").write_text(borrowed + "\n")  # a path in a .pth is not searched for .pth files: the editable install stays out
    repository = folder / "repository"
    for name in ("analysis", "experiments", "estimators", "tests"):
        (repository / name).mkdir(parents=True)
        (repository / name / "__init__.py").write_text("raise SystemExit('the wrong package was imported')\n")
    (repository / "tests" / "__init__.py").unlink()
    (repository / "tests" / "test_mine.py").write_text(TEST)
    return folder / "venv" / "bin" / "python", repository, site


def call(place, *words):
    python, repository, _ = place
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "STRAIGHTEDGE_PLUGINS")}
    return subprocess.run([str(python), *words], cwd=repository, env=environment, capture_output=True, text=True, check=False)


def snapshot(site):
    return {path for path in (site / "straightedge").rglob("*") if "__pycache__" not in path.parts}


def test_tables_travel(wheel):
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert b"straightedge = straightedge.experiments.command.main:main" in archive.read(entry)
    assert "straightedge/results/cost/summary.csv" in names and "straightedge/py.typed" in names
    assert not any(name.split("/")[0] in ("analysis", "estimators", "experiments", "results", "tests") for name in names)
    assert not any("/cells/" in name or "/custom/" in name or "/smoke/" in name for name in names)


def test_measure_and_the_command(place):
    before = snapshot(place[2])
    done = call(place, "-c", USE)
    assert done.returncode == 0 and str(place[2]) in done.stdout, done.stderr
    measure = ["measure", "--network", "my.npz", "--estimator", "arm", "--rows", "20", "--seeds", "2", "--jobs", "1"]
    for words in (["--version"], [], measure,
                  ["fourier", "--smoke", "--jobs", "1"], ["new", "my_rule", "--folder", "."], ["check", "my_rule", "--plugins", "."]):
        done = call(place, "-m", "straightedge", *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    repository = place[1]
    assert (repository / "results" / "smoke" / "fourier" / "figure.png").is_file() and (repository / "my_rule.py").is_file()
    assert snapshot(place[2]) == before


def test_new_without_a_folder_is_refused(place):
    done = call(place, "-m", "straightedge", "new", "my_rule")
    assert done.returncode == 2 and "--folder" in done.stderr and len(done.stderr.splitlines()) == 1


def test_assert_unbiased_in_a_pytest_of_its_own(place):
    done = call(place, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr
