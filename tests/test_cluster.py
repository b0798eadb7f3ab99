"""Cells on a real dask cluster of the loopback: the numbers of one machine, a lost worker costs nothing, a sick estimator is named."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from straightedge import measure
from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store.place import checkout
from straightedge.estimators.catalogue.catalogue import scanned
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.error import Failed, InputError
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments import bias_variance
from straightedge.experiments.runner import spread
from straightedge.experiments.runner.attempt import attempt_of
from straightedge.experiments.runner.perform import perform
from straightedge.experiments.runner.run import run_cells
from straightedge.settings import check_scheduler

pytestmark = [pytest.mark.endtoend, pytest.mark.filterwarnings("ignore")]
SICK = '''from dataclasses import dataclass
from straightedge.estimators.base import Rule

@dataclass(frozen=True)
class SickRemote(Rule):
    """Fails where it is called."""
    way: str = "raises"

    def unit(self, a, u, noise):
        if self.way == "dies":
            import os
            os._exit(3)
        raise RuntimeError("not here")
'''


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """(address of a scheduler, its two workers, a folder of plug-ins that they know)."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "sick_remote.py").write_text(SICK)
    told = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(checkout()), "STRAIGHTEDGE_PLUGINS": str(folder), "OMP_NUM_THREADS": "1"}

    def started(*words):
        return subprocess.Popen([sys.executable, "-m", "dask", *words], env=environment, cwd=folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    scheduler = started("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
    workers = [started("worker", "--scheduler-file", str(told), "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
               for _ in range(2)]
    from distributed import Client

    try:
        end = time.monotonic() + 120
        while not told.is_file() and time.monotonic() < end:
            time.sleep(0.1)
        with Client(scheduler_file=str(told), timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
            address = client.scheduler.address
        yield address, workers, folder
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_an_estimator_that_fails_on_a_worker_is_named_with_its_file_and_line(cluster, monkeypatch):
    address, _, folder = cluster
    import straightedge.estimators

    monkeypatch.setattr(straightedge.estimators, "__path__", [*straightedge.estimators.__path__, str(folder)])
    scanned.cache_clear()
    try:
        found = measure(Points((2,), points=5), ["straight_through", "sick_remote", "sick_remote:way=dies"], rows=20, seeds=2,
                        backend="dask", scheduler=address)
    finally:
        scanned.cache_clear()
    assert list(dict.fromkeys(found.table.label)) == ["straight_through"] and len(found.failures) == 2
    raised, died = sorted(found.failures, key=lambda words: "status" in words)
    line = next(number for number, text in enumerate(SICK.splitlines(), 1) if "raise " in text)
    assert f"RuntimeError: not here ({folder}/sick_remote.py, line {line})" in raised
    assert "its process ended itself with status 3" in died and "sick_remote.py" in died


def test_a_worker_with_other_code_is_not_believed():
    """Its numbers would be stored under the key of code that did not make them."""
    cell = Cell(Points((2,), points=5), MeanField(), 20, 2)
    data = bytes(spread.dumps(cell))
    assert "other code" in spread.remote(0, data, "0" * 16, None)[1] and attempt_of(spread.remote(0, data, cell.key(), None)[1]).columns
    assert "cannot read the cell" in spread.remote(0, b"no cell", cell.key(), None)[1]


def test_no_scheduler_is_one_sentence(monkeypatch):
    from straightedge.experiments.runner import cluster as module

    monkeypatch.setattr(module, "PATIENCE", 1)
    cells = [Cell(Points((2,), points=5), MeanField(), 20, 2)]
    for address in ("tcp://127.0.0.1:1", "nonsense://x", "tcp://", "127.0.0.1:port"):
        with pytest.raises(InputError, match="--scheduler: no dask scheduler answers at"):
            run_cells(cells, scheduler=address)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="optional extra"):
        run_cells(cells, scheduler="tcp://127.0.0.1:1")
    for words in (("dask", None), ("processes", "tcp://127.0.0.1:1"), ("ray", None)):
        with pytest.raises(InputError, match="^(backend|scheduler): "):
            check_scheduler(*words)


def test_a_study_gives_the_same_table_though_a_worker_is_killed(cluster, tmp_path):
    """The last test: it leaves one worker.  It is killed as soon as a first cell is stored, so with a cell at hand."""
    address, workers, _ = cluster
    problems = tuple(Points((2, 3), points=20, seed=seed) for seed in range(4))
    config = bias_variance.Config(problems, (StraightThrough(), MeanField(), bias_variance.Arm()), 3000, 3)
    whole = perform(bias_variance.STUDY, config, jobs=1, results=tmp_path / "here").folder
    away = tmp_path / "there" / "custom" / whole.name

    def kill():
        while not list(away.glob("cells/*.cell")):
            time.sleep(0.02)
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    outcome = perform(bias_variance.STUDY, config, results=tmp_path / "there", scheduler=address)
    killer.join(10)
    assert workers[0].wait(10) == -signal.SIGKILL and outcome.folder == away
    for name in ("summary.csv", "table.md"):
        assert (away / name).read_bytes() == (whole / name).read_bytes()
    workers[1].kill()
    workers[1].wait()
    with pytest.raises(Failed, match="has lost its workers, or has none"):
        run_cells([Cell(problems[0], MeanField(), 20, 2)], scheduler=address)
