"""Part d: runs of many small cells: what a run adds to each, beside a plain joblib loop that stores nothing; opening stored cells; two
processes and two workers of a cluster."""

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from joblib import Parallel, delayed

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import measure_cell
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.mean_field import MeanField
from straightedge.experiments.runner import run
from straightedge.experiments.runner.attempt import attempt
from straightedge.experiments.runner.host import now
from straightedge.experiments.runner.run import run_cells

FEW, MANY = 200, 5000


def cells(count: int) -> list[Cell]:
    """Cells of the least work: two units, five points, an estimator without randomness."""
    return [Cell(Points((2,), points=5, seed=seed), MeanField(), 20, 2) for seed in range(count)]


def rows(device: str) -> Iterator[dict]:
    """Seconds for all cells of a case, and cells a second; of the overhead, seconds a cell."""
    common = {"part": "runs", "points": 5, "repeats": 1}
    tiny = cells(FEW)
    attempt(tiny[0], 1)
    now()  # what is done once in a process is done
    with TemporaryDirectory() as place:
        yield common | {"case": f"{FEW} cells", "method": "straightedge"} | timed(lambda: run_cells(tiny, 1, Path(place)), FEW)
    yield common | {"case": f"{FEW} cells", "method": "joblib loop"} | timed(
        lambda: Parallel(n_jobs=1)(delayed(measure_cell)(cell) for cell in cells(2 * FEW)[FEW:]), FEW)
    yield from kept(common)
    for jobs in (1, 2):
        yield common | {"case": f"{FEW} cells, {jobs} process{'es' * (jobs - 1)}", "method": "straightedge"} | timed(
            lambda jobs=jobs: run_cells(cells(FEW), jobs, timeout=600.0), FEW)  # type: ignore[misc]
    yield common | {"case": f"{FEW} cells, 2 processes", "method": "joblib loop"} | timed(
        lambda: Parallel(n_jobs=2)(delayed(measure_cell)(cell) for cell in cells(FEW)), FEW)
    yield common | {"case": f"{FEW} cells, 2 processes", "method": "dask"} | (
        clustered() if find_spec("distributed") else {"note": "not installed: the optional extra dask"})


def kept(common: dict) -> Iterator[dict]:
    """All that a run does of a cell but measuring it, for which one cell's result stands: key, forecast, progress, log, digest, file.  Then
    the same run again: stored cells found, held against their digests and taken to pandas."""
    many = cells(MANY)
    text = attempt(many[0], 1)
    with TemporaryDirectory() as place, patch.object(run, "spread", lambda waiting, *rest: ((each, text) for each in range(len(waiting)))):
        for case in ("overhead of {} cells", "opening {} stored cells"):
            yield common | {"case": case.format(MANY), "method": "straightedge"} | timed(lambda: run_cells(many, 1, Path(place)), MANY)


def clustered() -> dict:
    """The same cells on a cluster of two workers of this machine, that is there already."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        return timed(lambda: run_cells(cells(FEW), scheduler=cluster.scheduler_address), FEW)


def timed(call: Callable[[], object], count: int) -> dict:
    """{seconds, low, high, rate} of one call."""
    began, worked = time.perf_counter(), time.process_time()
    call()
    spent, work = time.perf_counter() - began, time.process_time() - worked
    return {"seconds": spent, "low": spent, "high": spent, "rate": count / spent, "note": f"{work:.3g} s of this process's own work"}
