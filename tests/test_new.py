"""The file that `new` writes passes every check as it stands; bad names and files that exist are refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from straightedge.estimators.network.error import InputError
from straightedge.experiments.command.new import write_estimator

pytestmark = pytest.mark.endtoend

ROOT = Path(__file__).parent.parent


def test_written_estimator_passes_every_check(tmp_path):
    path = write_estimator("my_own_rule", tmp_path)
    assert path == tmp_path / "my_own_rule.py"
    found = subprocess.run([sys.executable, "-m", "straightedge", "--plugins", str(tmp_path), "check", "my_own_rule"],
                           capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "all 18 checks passed" in found.stdout
    ruff = subprocess.run([sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(path)],
                          capture_output=True, text=True, check=False)
    assert ruff.returncode == 0, ruff.stdout


@pytest.mark.parametrize("name", ("My", "1st", "a-b", "a b", "", "class", "_x", "a__b", "../x"))
def test_bad_name_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="cannot name an estimator"):
        write_estimator(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_existing_names_are_refused(tmp_path):
    write_estimator("mine", tmp_path)
    before = (tmp_path / "mine.py").read_bytes()
    for name in ("mine", "straight_through", "network"):
        with pytest.raises(InputError, match="exists already"):
            write_estimator(name, tmp_path)
    assert (tmp_path / "mine.py").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        write_estimator("mine", tmp_path / "nowhere")
