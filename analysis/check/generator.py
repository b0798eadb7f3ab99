"""Checks of where randomness comes from: from the given generator, all of it, and from nothing else."""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from straightedge.analysis.check.draw import Networks, rows
from straightedge.estimators.base import Estimator

SEEDS = 48
"""Generators whose rows must all differ: one that is seeded anew inside from few seeds repeats itself."""


def check_random(estimator: Estimator, networks: Networks) -> str:
    """Rows are all equal where `random` is false, and not where it is true."""
    for name, network in networks.items():
        first, second = rows(estimator, network, 3), rows(estimator, network, 3, seed=1)
        if not estimator.random and not all(torch.allclose(other, first[:1]) for other in (first, second)):
            raise AssertionError(f"{name}: random is False, but rows differ")
    if estimator.random and not networks.spread():
        raise AssertionError("random is True, but 64 rows are all equal on every network of the ladder")
    return "rows differ" if estimator.random else "all rows are equal"


def check_seed(estimator: Estimator, networks: Networks) -> str:
    """The same seed gives the same rows; another seed, and the same generator called again, give others; the generator is not seeded."""
    for name, network in networks.items():
        rng = torch.Generator().manual_seed(5)
        if not torch.equal(estimator(network, 7, rng), rows(estimator, network, 7, seed=5)):
            raise AssertionError(f"{name}: the same seed gives other rows")
        if rng.initial_seed() != 5:
            raise AssertionError(f"{name}: the call seeds the given generator; draw from it")
    for name in networks.spread() if estimator.random else ():
        network, rng = networks[name], torch.Generator().manual_seed(5)
        state = rng.get_state()
        first, next_rows = estimator(network, 64, rng), estimator(network, 64, rng)
        if torch.equal(first, next_rows):
            raise AssertionError(f"{name}: a second call with the same generator gives the same rows")
        if torch.equal(first, rows(estimator, network, 64, seed=6)):
            raise AssertionError(f"{name}: another seed gives the same rows")
        if torch.equal(state, rng.get_state()):
            raise AssertionError(f"{name}: nothing is drawn from the given generator")
    for name in networks.looked_at() if estimator.random else ():
        different = {rows(estimator, networks[name], 64, seed=1000 + seed).numpy().tobytes() for seed in range(SEEDS)}
        if len(different) < SEEDS:
            raise AssertionError(f"{name}: {SEEDS} seeds give {len(different)} different sets of rows; draw from `rng`, seed nothing")
    return "reproduced by the seed, and only by it"


def global_states() -> dict[str, str]:
    """Library -> the state of its global generator, and torch's other settings."""
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002
    states = {"torch": str(torch.get_rng_state().numpy().tobytes()), "numpy": str(numpy_state["state"]["key"].tobytes()) + str(numpy_state),
              "torch's settings": str(settings())}
    if "beartype" not in sys.modules:  # which draws from `random` where it checks types
        states["random"] = str(random.getstate())
    return states


def settings() -> tuple:
    """What else all code of a process shares in torch."""
    return (torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(), torch.is_inference_mode_enabled(),
            torch.get_num_threads(), torch.get_float32_matmul_precision(), torch.are_deterministic_algorithms_enabled(),
            torch.is_anomaly_enabled())


@contextmanager
def global_seeds(seed: int) -> Iterator[None]:
    """The global generators seeded, torch's precision and gradients as nobody relies on, and all as before afterwards."""
    numpy_state, state, dtype, grad = np.random.get_state(), random.getstate(), torch.get_default_dtype(), torch.is_grad_enabled()  # noqa: NPY002
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(False)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(state)
            torch.set_default_dtype(dtype)
            torch.set_grad_enabled(grad)
            torch.set_num_threads(threads)


def check_global_random(estimator: Estimator, networks: Networks) -> str:
    """The global generators of torch, numpy and random and torch's settings are left alone, and no row depends on them."""
    for name, network in networks.items():
        found = []
        for seed in (0, 1):
            with global_seeds(seed):
                before = global_states()
                found.append(rows(estimator, network, 7))
                touched = [library for library, state in global_states().items() if state != before[library]]
            if touched:
                raise AssertionError(f"{name}: the global state of {', '.join(touched)} is touched; draw from `rng`, set nothing")
        if not torch.equal(*found):
            raise AssertionError(f"{name}: rows depend on the global random state; draw from `rng`")
    return "global random states untouched"
