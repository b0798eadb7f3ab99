"""Where cells are measured: in this process, in processes of its own, on a cluster, or wherever joblib's `parallel_config` says."""

import os
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial

from joblib import Parallel, delayed
from joblib.externals.loky.backend.reduction import dumps
from joblib.parallel import BACKENDS, DEFAULT_BACKEND, get_active_backend

from straightedge.analysis.cell.cell import Cell
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.experiments.runner.attempt import attempt, refused
from straightedge.experiments.runner.cluster import scattered
from straightedge.experiments.runner.fault import Fault
from straightedge.experiments.runner.pool import Heard, answers, unheard

CORES = os.cpu_count() or 1
if "sched_getaffinity" in vars(os):
    CORES = len(os.sched_getaffinity(0))


def processes(cells: Sequence[Cell], jobs: int | None) -> int:
    """How many work side by side."""
    return min(jobs or CORES, max(len(cells), 1))


def spread(cells: Sequence[Cell], jobs: int | None = None, timeout: float | None = None, scheduler: str | None = None,
           heard: Heard = unheard) -> Iterator[tuple[int, str]]:
    """(number of the cell, its attempt as JSON), as they come; `heard` is told of rows meanwhile, where they are drawn on this machine.

    One job measures in this process, unless it may have to be ended, or runs somebody's own code, which may end the process."""
    jobs = processes(cells, jobs)
    threads = max(1, CORES // jobs)
    backend, _ = get_active_backend()
    if scheduler is None and type(backend) is not BACKENDS[DEFAULT_BACKEND]:
        yield from Parallel(return_as="generator_unordered")(delayed(numbered)(*pair) for pair in enumerate(cells))
    else:
        yield from placed(cells, jobs, threads, timeout, scheduler, heard)


def placed(cells: Sequence[Cell], jobs: int, threads: int, timeout: float | None, scheduler: str | None = None,
           heard: Heard = unheard) -> Iterator[tuple[int, str]]:
    """The same, whatever joblib says: a worker of a cluster, where it names that cluster, measures its cell itself."""
    if scheduler is None and jobs == 1 and timeout is None and all(own(cell.estimator) for cell in cells):
        yield from ((index, attempt(cell, threads, partial(heard, index))) for index, cell in enumerate(cells))
        return
    packed = {}
    for index, cell in enumerate(cells):
        try:
            packed[index] = bytes(dumps(cell))
        except Exception as error:  # of foreign code, which may refuse in any way
            yield index, refused(Fault(type(error).__name__, f"the cell cannot be sent to another process: {error}"))
    order, sent = list(packed), list(packed.values())
    if scheduler is None:
        found = answers(sent, jobs, threads, timeout, lambda place, rows, loss: heard(order[place], rows, loss))
    else:
        found = scattered(remote, [(place, data, cells[order[place]].key(), timeout) for place, data in enumerate(sent)], scheduler)
    yield from ((order[place], text) for place, text in found)


def numbered(index: int, cell: Cell) -> tuple[int, str]:
    """The attempt at one cell on one thread, with its number."""
    return index, attempt(cell, 1)


def remote(index: int, data: bytes, key: str, timeout: float | None) -> tuple[int, str]:
    """The attempt at one cell on another machine, with its number: what one job does here, so that foreign code, and what has a time, has
    a process of its own there too.  A fault where the worker's code is other than the sender's."""
    try:
        cell = pickle.loads(data)  # of the sender's making
        there = cell.key()
    except BaseException as error:
        return index, refused(Fault(type(error).__name__, f"the worker cannot read the cell: {error}; expected the sender's code there"))
    if there != key:
        return index, refused(Fault("", "the worker has other code than the sender; expected the same revision on all machines"))
    return index, next(text for _, text in placed([cell], 1, 1, timeout))


def own(estimator: Estimator) -> bool:
    """Whether an estimator runs the package's code alone."""
    name = name_of(estimator)
    listed = type(estimator).__module__ == f"straightedge.estimators.{name}" and name in entries() and entries()[name].own
    return listed and not any(":" in value for value in asdict(estimator).values() if isinstance(value, str))
