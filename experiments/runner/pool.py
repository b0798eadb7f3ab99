"""Processes that measure cells: one that dies, or takes too long, loses the cell that it was at and is replaced."""

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from straightedge.estimators.catalogue.apart import fate
from straightedge.estimators.network.error import Failed
from straightedge.experiments.runner.attempt import refused
from straightedge.experiments.runner.fault import Fault
from straightedge.experiments.runner.worker import READY, ROWS, START

LOOK = 1.0
"""Seconds between looks at the processes."""
Heard = Callable[[int, int, float | None], object]
"""Is told (number of the cell, rows of it that are drawn or steps made, the loss where there is one)."""


def unheard(index: int, rows: int, loss: float | None = None) -> None:
    """Tells nobody."""


@dataclass
class Worker:
    """A process and what it is at."""

    process: subprocess.Popen
    link: Connection
    ready: bool = False
    task: int | None = None
    began: float = 0.0

    @classmethod
    def start(cls, threads: int) -> "Worker":
        """A new process, which says when it is ready."""
        here, there = Pipe()
        words = [sys.executable, "-c", START, str(there.fileno()), str(os.getpid()), str(threads)]
        process = subprocess.Popen(words, pass_fds=(there.fileno(),), stdin=subprocess.DEVNULL)
        there.close()
        here.send_bytes(json.dumps([str(place) for place in sys.path]).encode())
        return cls(process, here)

    def end(self) -> int:
        """Kills the process; its status."""
        self.process.kill()
        self.link.close()
        return self.process.wait()


def answers(cells: Sequence[bytes], jobs: int, threads: int, timeout: float | None = None,
            heard: Heard = unheard) -> Iterator[tuple[int, str]]:
    """(number of the cell, its attempt as JSON), as they come; `cells` are pickled, `timeout` is in seconds for each."""
    waiting, stillborn = deque(range(len(cells))), 0
    workers: list[Worker] = []
    try:
        while waiting or any(worker.task is not None for worker in workers):
            busy = sum(worker.task is not None for worker in workers)
            while len(workers) < min(jobs, busy + len(waiting)):
                workers.append(Worker.start(threads))
            for worker in workers:
                if worker.ready and worker.task is None and waiting:
                    give(worker, waiting, cells)
            links = wait([worker.link for worker in workers], patience(workers, timeout))
            for worker in list(workers):
                late = timeout is not None and worker.task is not None and time.monotonic() - worker.began > timeout
                if worker.link not in links and not late and not gone(worker):
                    continue
                said = hear(worker) if worker.link in links else None
                if said == READY:
                    worker.ready, stillborn = True, 0
                elif said is not None and said.startswith(ROWS):
                    if worker.task is not None:
                        heard(worker.task, *json.loads(said[len(ROWS):]))
                elif said is not None and worker.task is not None:
                    task, worker.task = worker.task, None
                    yield task, said.decode()
                else:
                    workers.remove(worker)
                    status = worker.end() if late else ended(worker)
                    stillborn += not worker.ready
                    if stillborn >= 3:
                        raise Failed(f"no process for cells can be started: it {fate(status)}")
                    if worker.task is not None:
                        why = f"stopped after {timeout:g} seconds (--cell-timeout)" if late else f"its process {fate(status)}"
                        yield worker.task, refused(Fault("", why))
    finally:
        for worker in workers:
            worker.end()


def give(worker: Worker, waiting: deque[int], cells: Sequence[bytes]) -> None:
    """Gives the next cell to a worker; one that is dead is heard of afterwards."""
    task = waiting.popleft()
    try:
        worker.link.send_bytes(cells[task])
    except OSError:
        waiting.appendleft(task)
        worker.ready = False
    else:
        worker.task, worker.began = task, time.monotonic()


def patience(workers: list[Worker], timeout: float | None) -> float:
    """Seconds until the first worker is late, or until the next look at whether they live."""
    begun = [worker.began for worker in workers if worker.task is not None]
    return LOOK if timeout is None or not begun else min(LOOK, max(0.0, min(begun) + timeout - time.monotonic()) + 0.01)


def gone(worker: Worker) -> bool:
    """Whether the process has ended while a child of its own holds the pipe open, and has said nothing more."""
    return worker.process.poll() is not None and not worker.link.poll()


def hear(worker: Worker) -> bytes | None:
    """What a worker says; None where it is dead."""
    try:
        return worker.link.recv_bytes()
    except (EOFError, OSError):
        return None


def ended(worker: Worker) -> int:
    """The status of a process that closed its pipe: it is ending, or foreign code closed it."""
    with suppress(subprocess.TimeoutExpired):
        worker.process.wait(5)
    return worker.end()
