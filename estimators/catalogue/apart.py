"""Somebody else's code, tried in a process of its own before it is run in this one: what ends that process would end this one silently."""

import faulthandler
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 60.0
"""Seconds for which a trial is waited for; what takes longer has ended nothing."""
ANSWERS = {b"1": True, b"0": False}


def ending(call: Callable[[], object]) -> str:
    """How a process that calls it ends, in words; nothing where the call returns, raises, or is still at it after a minute."""
    return outcome(call, PATIENCE, True)[0]


def outcome(call: Callable[[], object], patience: float | None = None, silent: bool = False) -> tuple[str, bool | None]:
    """(how a process that calls it ends, in words; whether what the call returns is true, None where it raises or takes longer)."""
    here, there = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():  # of threads: torch's are not used below
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        trial(call, there, silent)
    os.close(there)
    try:
        said = os.read(here, 1) if select.select([here], [], [], patience)[0] else b"?"
    finally:
        os.close(here)
        status = waited(child)
    return ("", ANSWERS.get(said)) if said else (fate(status), None)


def trial(call: Callable[[], object], there: int, silent: bool) -> None:
    """The call in the child; what it raises is told by the parent, which then meets it too."""
    said = b"."
    faulthandler.disable()  # the parent says what there is to say
    if silent:
        silence = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(silence, stream)
    with suppress(BaseException):
        import torch

        torch.set_num_threads(1)  # the threads of the parent are not here
        said = b"1" if call() else b"0"
        sys.stdout.flush()
    os.write(there, said)
    os._exit(0)


def waited(child: int) -> int:
    """The status of a child that has ended, or is ended now if it does not by itself; negative for a signal."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fate(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended itself with status {status}"
    name = signal.Signals(-status).name
    return f"was killed by {name}" + (", as by the kernel where memory is short" if name == "SIGKILL" else "")
