"""A process that measures cells for its parent: one at a time, each answered by JSON; it ends with its parent, however that ends."""

import ctypes
import json
import os
import pickle
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

READY, ROWS = b"ready", b"rows "
EVERY = 0.5
"""Seconds between two words about rows."""
START = """import json, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from multiprocessing.connection import Connection
link = Connection(int(sys.argv[1]))
sys.path[:] = json.loads(link.recv_bytes())
from straightedge.experiments.runner.worker import serve
serve(link, int(sys.argv[2]), int(sys.argv[3]))
"""
"""The program of a worker; its arguments are the number of the pipe's end, the parent and the threads.  The parent's main module is not
run again, so that a script needs no guard."""


def serve(link: Connection, parent: int, threads: int) -> None:
    """Answers cells until the parent closes the pipe."""
    follow(parent)
    os.dup2(2, 1)  # what an estimator prints is no part of the parent's output
    from straightedge.experiments.runner.attempt import attempt, refused
    from straightedge.experiments.runner.fault import Fault

    link.send_bytes(READY)
    while True:
        try:
            data = link.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            cell = pickle.loads(data)  # of the parent's making
        except BaseException as error:
            answer = refused(Fault(type(error).__name__, f"the cell cannot be sent to another process: {error}"))
        else:
            answer = attempt(cell, threads, Teller(link))
        sys.stdout.flush()
        link.send_bytes(answer.encode())


class Teller:
    """Tells the parent how many rows are drawn, or steps made, and the last loss, not more often than it can want."""

    def __init__(self, link: Connection):
        self.link, self.last = link, time.monotonic()
        self.loss: float | None = None

    def __call__(self, rows: int, loss: float | None = None) -> None:
        self.loss = self.loss if loss is None else loss
        if time.monotonic() - self.last > EVERY:
            self.last = time.monotonic()
            self.link.send_bytes(ROWS + json.dumps([rows, self.loss]).encode())


def follow(parent: int) -> None:
    """Ends this process when its parent ends: by the kernel on Linux, elsewhere by a look every second."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    else:
        threading.Thread(target=watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def watch(parent: int) -> None:
    """Ends this process as soon as it has another parent."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
