"""Work on other machines: through joblib's dask backend, by a scheduler that is there."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config

from straightedge.estimators.network.error import Failed, InputError

T = TypeVar("T")
ADDRESS = re.compile(r"((tcp|tls)://)?[\w.-]+:\d{1,5}|(tcp|tls)://\[[0-9a-fA-F:]+\]:\d{1,5}")
PATIENCE = 20
"""Seconds to wait for the scheduler, and for its first worker."""


def scattered(call: Callable[..., T], tasks: Sequence[tuple], scheduler: str) -> Iterator[T]:
    """What the call gives for the arguments of each task, as they come.  A worker that is lost has its task done by another.

    Raises InputError where no scheduler answers, Failed where it, or every worker, is lost."""
    with connected(scheduler), parallel_config("dask", wait_for_workers_timeout=PATIENCE):
        try:
            yield from Parallel(return_as="generator_unordered", batch_size=1)(delayed(call)(*task) for task in tasks)
        except (OSError, RuntimeError, TimeoutError) as error:  # KilledWorker is of either, by version
            raise Failed(f"the scheduler {scheduler} has lost its workers, or has none ({type(error).__name__}: {error}); "
                         "what was finished is kept") from None


@contextmanager
def connected(scheduler: str) -> Iterator[None]:
    """A connection to the scheduler, which joblib takes."""
    if find_spec("distributed") is None:
        raise InputError("--backend dask: dask is not installed; expected the optional extra, pip install 'PATH/TO/straightedge[dask]'")
    wrong = f"--scheduler: no dask scheduler answers at {scheduler}"
    if not ADDRESS.fullmatch(scheduler):
        raise InputError(f"{wrong}; expected its address, as in tcp://HOST:8786")
    from distributed import Client

    try:
        client = Client(scheduler, timeout=f"{PATIENCE}s", set_as_default=True)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"{wrong} ({type(error).__name__}); expected its address, as in tcp://HOST:8786") from None
    try:
        yield
    finally:
        client.close()
