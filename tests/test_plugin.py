"""Files of other people's estimators: a sound one is in every list; a faulty one stops nothing but itself, and is named with its line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent
SOUND = '''from dataclasses import dataclass
from straightedge.estimators.base import Rule

@dataclass(frozen=True)
class NAME(Rule):
    """Sound: a line for the list."""
    width: float = 2.0

    def unit(self, a, u, noise):
        return 2.0 * (u < noise.cdf(a)) - 1 + (a - a.detach()) / self.width
'''
FAULTY = {
    "no_default": (SOUND.replace("NAME", "NoDefault").replace(" = 2.0", ""), "line 4: NoDefault has no default for width"),
    "other_name": (SOUND.replace("NAME", "Different"), "has no class OtherName, only Different in line 5"),
    "syntax": (SOUND.replace("NAME", "Syntax").replace("return", "retrun"), "cannot be read as Python in line 10"),
    "leaves": ("import sys\n" + SOUND.replace("NAME", "Leaves") + "\nsys.exit(0)\n", "line 13: SystemExit: 0"),
    "crashes": (SOUND.replace("NAME", "Crashes") + "\n1 / 0\n", "line 12: ZeroDivisionError: division by zero"),
    "imports": ("import no_such_library\n" + SOUND.replace("NAME", "Imports"), "line 1: ModuleNotFoundError"),
    "abstract": (SOUND.replace("NAME", "Abstract").replace("def unit", "def other"), "line 4: Abstract lacks unit"),
    "foreign": ("class Foreign:\n    pass\n", "line 1: Foreign is no Estimator"),
    "thawed": (SOUND.replace("NAME", "Thawed").replace("(frozen=True)", ""), "line 4: TypeError: cannot inherit non-frozen"),
    "plain": (SOUND.replace("NAME", "Plain").replace("@dataclass(frozen=True)\n", ""), "line 4: Plain is no frozen dataclass"),
    "network": (SOUND.replace("NAME", "Network"), "the name network is taken by"),
    "arm": (SOUND.replace("NAME", "Arm"), "the name arm is taken by"),
    "my-rule": (SOUND.replace("NAME", "MyRule"), "cannot name a module of Python"),
}
FATAL = {"_exit": ("import os\nos._exit(0)\n", "ended itself with status 0"),
         "kills": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "was killed by SIGKILL"),
         "faults": ("import ctypes\nctypes.string_at(0)\n", "was killed by SIGSEGV")}
"""What ends the process of whoever imports it."""
EXITS = SOUND.replace("NAME", "Exits").replace("def unit", "def __call__(self, network, n, rng):\n        raise SystemExit\n\n    def unit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("plugins")
    for name, (text, _) in FAULTY.items():
        (place / f"{name}.py").write_text(text)
    (place / "sound.py").write_text(SOUND.replace("NAME", "Sound"))
    (place / "exits.py").write_text(EXITS)
    return place


def run(*words):
    return subprocess.run([sys.executable, "-m", "straightedge", *map(str, words)], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={key: value for key, value in os.environ.items() if key != "STRAIGHTEDGE_PLUGINS"})


def test_list_names_the_sound_and_the_files_that_are_not_used(folder):
    found = run("--plugins", folder)
    assert found.returncode == 0, found.stderr
    used, _, unused = found.stdout.partition("Not used")
    assert "  sound" in used and "Sound: a line for the list." in used
    for name in ("other_name", "syntax", "network", "arm", "my-rule"):  # what is told without importing them
        assert FAULTY[name][1] in unused, name


@pytest.mark.endtoend
def test_every_fault_is_one_sentence_with_file_and_line(folder):
    """All of them in one process, through the door that `check` and `measure` use; the sound one is found beside them."""
    script = f"""
from straightedge.estimators.catalogue.catalogue import extend
from straightedge.estimators.catalogue.registry import faults, registry
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import InputError
extend({str(folder)!r})
extend({str(folder)!r})
print(*sorted(set(registry()) & {{'sound', 'exits', 'arm', *{list(FAULTY)!r}}}))
for name in {list(FAULTY)!r}:
    try:
        estimator_of(name)
    except InputError as error:
        print(error)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 0, found.stderr
    first, *said = found.stdout.splitlines()
    assert first == "arm exits sound"
    assert len(said) == len(FAULTY)
    for sentence, (name, (_, expected)) in zip(said, FAULTY.items(), strict=True):
        assert sentence.startswith(f"{name} is not used: {folder / name}.py") and expected in sentence, sentence


@pytest.mark.endtoend
@pytest.mark.parametrize("name", ("no_default", "leaves", "arm"))
def test_check_of_a_faulty_plugin(folder, name):
    found = run("check", name, "--plugins", folder)
    assert (found.returncode, found.stdout) == (2, ""), found.stdout
    assert found.stderr.startswith(f"straightedge: {name} is not used: ") and found.stderr.count("\n") == 1
    assert FAULTY[name][1] in found.stderr


@pytest.mark.endtoend
def test_exit_inside_the_call_is_a_failure_of_the_estimator(folder):
    found = run("check", "exits", "--plugins", folder)
    assert found.returncode == 1 and "SystemExit" in found.stdout, found.stdout + found.stderr


@pytest.mark.parametrize("words", (("--plugins", ""), ("--plugins=",), ("--plugins",), ("--plugins=absent",)))
def test_no_folder_is_refused(words):
    found = run(*words)
    assert found.returncode == 2 and "is not a folder" in found.stderr and found.stderr.count("\n") == 1, found.stderr


def test_the_same_folder_twice_and_with_an_equals_sign(folder):
    found = run(f"--plugins={folder}", "--plugins", folder)
    assert found.returncode == 0 and found.stdout.count("\n  sound  ") == 1


@pytest.mark.endtoend
@pytest.mark.parametrize("way", FATAL)
def test_what_ends_the_process_that_imports_it_is_one_sentence(way, tmp_path):
    """Its last act is not ours: it is tried in a process of its own, and the sound one beside it is measured all the same."""
    text, words = FATAL[way]
    (tmp_path / "fatal.py").write_text(SOUND.replace("NAME", "Fatal") + text)
    (tmp_path / "sound.py").write_text(SOUND.replace("NAME", "Sound"))
    found = run("check", "fatal", "--plugins", tmp_path)
    assert (found.returncode, found.stdout) == (2, ""), found.stdout + found.stderr
    assert found.stderr.count("\n") == 1 and f"a process that imports it {words}" in found.stderr and "fatal.py" in found.stderr
    assert run("draws", "--plugins", tmp_path, "--smoke", "--only", "sound", "--dry-run", "--results", tmp_path).returncode == 0


@pytest.mark.endtoend
def test_what_ends_the_process_that_asks_it_is_named_by_its_cell(tmp_path):
    """In `check`, while a measurement is planned, is not silence either."""
    body = "    def check(self, network):\n        import os\n        os._exit(0)\n"
    (tmp_path / "fatal.py").write_text(SOUND.replace("NAME", "Fatal").replace("    def unit", f"{body}\n    def unit"))
    np.savez(tmp_path / "my.npz", w0=np.ones((2, 2)), b0=np.zeros(2), w1=np.ones((2, 2)), b1=np.zeros(2), X=np.eye(2), Y=np.arange(2))
    found = run("measure", "--plugins", tmp_path, "--network", tmp_path / "my.npz", "--estimator", "fatal", "--estimator", "mean_field",
                "--rows", "20", "--seeds", "2", "--results", tmp_path / "results")
    assert found.returncode == 1 and "mean_field" in found.stdout and "fatal: its process ended itself with status 0" in found.stderr
    found = run("check", "fatal", "--plugins", tmp_path)
    assert found.returncode == 1 and found.stderr == "straightedge: check: a process that checks fatal ended itself with status 0\n"
