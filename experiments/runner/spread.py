"""Where cells are measured: in this process, in processes of its own, or wherever joblib's `parallel_config` says."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from joblib import Parallel, delayed
from joblib.externals.loky.backend.reduction import dumps
from joblib.parallel import BACKENDS, DEFAULT_BACKEND, get_active_backend

from straightedge.analysis.cell.cell import Cell
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.experiments.runner.attempt import attempt, refused
from straightedge.experiments.runner.fault import Fault
from straightedge.experiments.runner.pool import answers

CORES = os.cpu_count() or 1
if "sched_getaffinity" in vars(os):
    CORES = len(os.sched_getaffinity(0))


def spread(cells: Sequence[Cell], jobs: int | None = None, timeout: float | None = None) -> Iterator[tuple[int, str]]:
    """(number of the cell, its attempt as JSON), as they come.

    One job measures in this process, unless it may have to be ended, or runs somebody's own code, which may end the process."""
    jobs = min(jobs or CORES, max(len(cells), 1))
    threads = max(1, CORES // jobs)
    backend, _ = get_active_backend()
    if type(backend) is not BACKENDS[DEFAULT_BACKEND]:
        yield from Parallel(return_as="generator_unordered")(delayed(numbered)(*pair) for pair in enumerate(cells))
    elif jobs == 1 and timeout is None and all(own(cell.estimator) for cell in cells):
        yield from ((index, attempt(cell, threads)) for index, cell in enumerate(cells))
    else:
        packed = {}
        for index, cell in enumerate(cells):
            try:
                packed[index] = bytes(dumps(cell))
            except Exception as error:  # of foreign code, which may refuse in any way
                yield index, refused(Fault(type(error).__name__, f"the cell cannot be sent to another process: {error}"))
        order = list(packed)
        yield from ((order[place], text) for place, text in answers(list(packed.values()), jobs, threads, timeout))


def numbered(index: int, cell: Cell) -> tuple[int, str]:
    """The attempt at one cell on one thread, with its number."""
    return index, attempt(cell, 1)


def own(estimator: Estimator) -> bool:
    """Whether an estimator runs the package's code alone."""
    name = name_of(estimator)
    listed = type(estimator).__module__ == f"straightedge.estimators.{name}" and name in entries() and entries()[name].own
    return listed and not any(":" in value for value in asdict(estimator).values() if isinstance(value, str))
