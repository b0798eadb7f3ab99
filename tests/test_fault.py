"""A sick estimator takes down its own cell only, and is named with its file and line; nothing is left behind by a run, however it ends."""

import gc
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from joblib import parallel_config

from straightedge import measure
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store import file
from straightedge.analysis.store.place import checkout
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.error import Failed, InputError, Unsuitable
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments import bias_variance
from straightedge.experiments.runner import spread as spreading
from straightedge.experiments.runner.drawing import say
from straightedge.experiments.runner.fault import fault, told
from straightedge.experiments.runner.perform import perform
from straightedge.experiments.runner.run import Stopped, run_cells, uncollected

pytestmark = pytest.mark.study
PROBLEM = Points((2,), points=5)
CONFIG = bias_variance.Config((PROBLEM, Points((2,), points=5, steps=3)), (StraightThrough(), MeanField()), 60, 2)


class Odd(Exception):
    """An exception that cannot be taken to another process, and cannot be shown."""

    def __reduce__(self):
        raise TypeError("no")

    def __str__(self):
        raise ValueError("no")


@dataclass(frozen=True)
class Sick(StraightThrough):
    """Straight-through that does not return."""

    way: str = "raises"

    def __call__(self, network, n, rng):
        return {"raises": self.raises, "exits": sys.exit, "odd": self.odd, "dies": lambda: os._exit(0), "hangs": lambda: time.sleep(600),
                "killed": lambda: os.kill(os.getpid(), signal.SIGKILL), "faults": lambda: os.kill(os.getpid(), signal.SIGSEGV)}[self.way]()

    def raises(self):
        raise RuntimeError("bro\x1b[31mken\nhere")

    def odd(self):
        raise Odd


def cells(*ways):
    return [Cell(PROBLEM, one, 20, 2) for one in (StraightThrough(), *(Sick(way=way) for way in ways), MeanField())]


WAYS = {"raises": r"RuntimeError: bro\x1b[31mken here", "exits": "SystemExit", "odd": "Odd: it cannot say what",
        "dies": "ended itself with status 0", "killed": "SIGKILL", "faults": "SIGSEGV", "hangs": "stopped after 30 seconds"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Every sickness at once, in two processes."""
    folder = tmp_path_factory.mktemp("sick")
    return run_cells(cells(*WAYS), 2, folder, timeout=30.0), folder


@pytest.mark.parametrize("way", WAYS)
def test_each_sick_cell_is_named_with_its_reason_and_file(ran, way):
    found = next(found for cell, found in ran[0].faults.items() if cell.estimator == Sick(way=way))
    said = told(next(cell for cell in ran[0].faults if cell.estimator == Sick(way=way)), found)
    assert WAYS[way] in said and __file__ in said and "\n" not in said
    if way in ("raises", "odd"):
        lines = Path(__file__).read_text().splitlines()
        assert lines[found.line - 1].strip().startswith("raise ")


def test_the_others_are_measured(ran):
    assert [name_of(cell.estimator) for cell in ran[0].records] == ["straight_through", "mean_field"]
    assert len(ran[0].faults) == len(WAYS) and len(list(ran[1].glob("*.cell"))) == 2
    with pytest.raises(Failed, match="and 1 more"):
        ran[0].check()


def test_one_job_is_taken_down_by_nobody_either():
    found = run_cells(cells("dies"), 1)
    assert len(found.records) == 2 and "status 0" in str(next(iter(found.faults.values())))


def test_every_way_gives_the_same_numbers():
    """In this process, in two others, and wherever joblib is told to: the seam for clusters."""
    asked = cells()
    one, two = run_cells(asked, 1), run_cells(asked, 2)
    with parallel_config("threading", n_jobs=1):
        three = run_cells(asked)
    for cell in asked:
        first = one.records[cell]
        for other in (two, three):
            plain, found = (part[part.metric != "seconds"].reset_index(drop=True) for part in (first, other.records[cell]))
            assert plain.equals(found) and list(plain.dtypes) == list(found.dtypes)


def test_a_fault_keeps_the_estimators_own_line():
    try:
        Sick().raises()
    except RuntimeError as error:
        found = fault(error, Cell(PROBLEM, Sick()))
    assert found.file == __file__ and not found.mendable
    assert fault(InputError("mend"), Cell(PROBLEM, Sick())).mendable


def test_a_study_shows_what_there_is_and_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = replace(CONFIG, estimators=(StraightThrough(), MeanField(), Sick(way="raises")))
    with pytest.raises(Failed, match=r"2 of 6 cells failed; the others are in results/custom/.*partial: .*test_fault.py, line \d+"):
        perform(bias_variance.STUDY, config, jobs=1)
    folder = next((tmp_path / "results" / "custom").iterdir())
    assert not (folder / "summary.csv").exists()
    partial = folder / "partial"
    assert "sick" not in (partial / "summary.csv").read_text() and "mean_field" in (partial / "summary.csv").read_text()
    assert (partial / "table.md").read_text().startswith("**Incomplete.** Missing: points") and (partial / "figure.png").is_file()
    assert len((partial / "missing.txt").read_text().splitlines()) == 2
    drawing = bias_variance.figure(read(partial / "summary.csv"))
    say(drawing, (partial / "missing.txt").read_text().splitlines())
    assert drawing.get_suptitle().startswith("INCOMPLETE, 2 missing:\npoints 2")


def test_a_complete_run_removes_the_partial_one(tmp_path, monkeypatch):
    from straightedge.experiments.runner import attempt

    monkeypatch.chdir(tmp_path)
    whole = attempt.measure_cell
    monkeypatch.setattr(attempt, "measure_cell", lambda cell, *rest: whole(cell) if isinstance(cell.estimator, MeanField) else sys.exit())
    with pytest.raises(Failed, match="SystemExit"):
        perform(bias_variance.STUDY, CONFIG, jobs=1)
    monkeypatch.setattr(attempt, "measure_cell", whole)
    folder = perform(bias_variance.STUDY, CONFIG, jobs=1).folder
    assert (folder / "summary.csv").is_file() and not (folder / "partial").exists()


def test_measure_keeps_what_it_has(tmp_path, capsys):
    """The table has the others; the same call again measures only what is missing."""
    settings = {"rows": 20, "seeds": 2, "jobs": 1, "results": tmp_path}
    found = measure(PROBLEM, [StraightThrough(), Sick(), MeanField()], **settings)
    assert list(dict.fromkeys(found.table.label)) == ["straight_through", "mean_field"]
    assert len(found.failures) == 1 and "RuntimeError" in found.failures[0] and "failed: points" in repr(found)
    assert len(list((tmp_path / "measured").glob("*.cell"))) == 2
    capsys.readouterr()
    again = measure(PROBLEM, ["straight_through", "mean_field"], **settings)
    assert again.table.value.equals(found.table.value) and "2 of 2 estimators read" in capsys.readouterr().err
    with pytest.raises(Failed, match="RuntimeError"):
        measure(PROBLEM, Sick(), **settings)


def test_what_cannot_be_measured_is_refused_before_the_first_row(tmp_path, monkeypatch):
    from straightedge.experiments.runner import attempt

    monkeypatch.setattr(attempt, "measure_cell", lambda cell, *rest: pytest.fail("it was measured"))
    for estimators, settings, words in (
            (["straight_through", "bayesbinn"], {}, "bayesbinn|weights"),
            (["straight_through", "gumbel_softmax"], {"method": "exact"}, "no exact"),
            (["straight_through", "arms:samples=4000"], {"memory": 1}, "memory: the budget")):
        with pytest.raises(InputError, match=words):
            measure(Points((2,), points=50), estimators, rows=10, seeds=2, jobs=1, **settings)
    assert issubclass(Unsuitable, InputError)


def test_stopping_says_what_is_kept(tmp_path, monkeypatch):
    from straightedge.experiments.runner import run

    def two(waiting, *rest):
        yield from list(spreading.spread(waiting[:1], 1))
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "spread", two)
    with pytest.raises(Stopped, match="stopped; 1 of 2 cells are kept, the same command goes on from there"):
        run_cells(cells(), 1, tmp_path)
    with pytest.raises(Stopped, match="stopped; nothing is kept"):
        run_cells(cells(), 1)


def test_a_full_disk_ends_the_run_and_keeps_what_was_finished(tmp_path, monkeypatch):
    whole, count = file.replace, []

    def full(path, data, at_once=True):
        count.append(path)
        if len(count) > 1:
            raise OSError(28, "No space left on device", str(path))
        whole(path, data, at_once)

    monkeypatch.setattr(file, "replace", full)
    with pytest.raises(OSError, match="No space"):
        run_cells(cells(), 1, tmp_path)
    assert len(list(tmp_path.glob("*.cell"))) == 1


def test_a_place_that_is_no_folder_is_refused_before_the_first_row(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OSError, match="exists|directory"):
        run_cells(cells(), 1, tmp_path / "taken")


def test_what_killed_writers_left_is_removed_and_what_living_ones_hold_is_not(tmp_path):
    import fcntl

    left, held, mine = (tmp_path / name for name in (".a.parquet.abcdefgh.part", ".a.parquet.12345678.part", ".profile"))
    for path in (left, held, mine):
        path.write_bytes(b"12345")
    with held.open("rb") as open_file:
        fcntl.flock(open_file, fcntl.LOCK_EX)
        assert file.sweep(tmp_path) == 5
        assert not left.exists() and held.exists() and mine.exists()
    assert subprocess.run(["git", "check-ignore", "-q", "results/x/.a.parquet.abcdefgh.part"], cwd=checkout(), check=False).returncode == 0


SCRIPT = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from test_fault import Cell, PROBLEM, Sick
from straightedge.experiments.runner.run import run_cells
run_cells([Cell(PROBLEM, Sick(way="hangs"), 20, seed) for seed in (1, 2)], 2)
"""


@pytest.mark.endtoend
@pytest.mark.skipif(sys.platform != "linux", reason="children are told from /proc")
def test_workers_end_with_their_parent():
    """Killed alone, by the signal that cannot be heard."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONPATH": str(checkout())}, stdout=subprocess.DEVNULL)
    try:
        children, end = [], time.monotonic() + 60
        while len(children) < 2 and time.monotonic() < end:
            time.sleep(0.2)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    finally:
        process.kill()
        process.wait()
    assert len(children) == 2
    end = time.monotonic() + 20
    while any(Path(f"/proc/{child}/exe").exists() for child in children) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


def test_garbage_is_looked_for_again_after_a_fault():
    with pytest.raises(ZeroDivisionError), uncollected():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()
