"""Checks of the randomness: where it comes from, and that rows are independent.

The tests of independence raise a false alarm with probability FALSE_ALARM, were the generator perfect; the seeds are fixed.
"""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import torch
from scipy.stats import norm, rankdata
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import critical
from straightedge.analysis.check.form import Networks, rows
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network

FALSE_ALARM = 1e-6
ROWS = 2048


def spreading(estimator: Estimator, networks: Networks) -> dict[str, Network]:
    """The rungs on which rows differ, the largest networks first."""
    spread = {name: network for name, network in networks.items() if varied(rows(estimator, network, 64))}
    return dict(sorted(spread.items(), key=lambda item: -len(item[1].theta)))


def varied(estimates: Tensor) -> bool:
    """Whether not all rows are equal."""
    return bool((estimates != estimates[:1]).any())


def check_random(estimator: Estimator, networks: Networks) -> str:
    """Rows are all equal where `random` is false, and not where it is true."""
    for name, network in networks.items():
        first, second = rows(estimator, network, 3), rows(estimator, network, 3, seed=1)
        if not estimator.random and not all(torch.allclose(other, first[:1]) for other in (first, second)):
            raise AssertionError(f"{name}: random is False, but rows differ")
    if estimator.random and not spreading(estimator, networks):
        raise AssertionError("random is True, but 64 rows are all equal on every network of the ladder")
    return "rows differ" if estimator.random else "all rows are equal"


def check_seed(estimator: Estimator, networks: Networks) -> str:
    """The same seed gives the same rows; another seed, and the same generator called again, give others."""
    for name, network in networks.items():
        rng = torch.Generator().manual_seed(5)
        if not torch.equal(estimator(network, 7, rng), rows(estimator, network, 7, seed=5)):
            raise AssertionError(f"{name}: the same seed gives other rows")
    for name, network in spreading(estimator, networks).items() if estimator.random else ():
        rng = torch.Generator().manual_seed(5)
        first, next_rows = estimator(network, 64, rng), estimator(network, 64, rng)
        if torch.equal(first, next_rows):
            raise AssertionError(f"{name}: a second call with the same generator gives the same rows")
        if torch.equal(first, rows(estimator, network, 64, seed=6)):
            raise AssertionError(f"{name}: another seed gives the same rows")
    return "reproduced by the seed, and only by it"


def global_states() -> dict[str, str]:
    """Library -> the state of its global generator."""
    states = {"torch": str(torch.get_rng_state().tolist()), "numpy": str(np.random.get_state())}  # noqa: NPY002
    if "beartype" not in sys.modules:  # which draws from `random` where it checks types
        states["random"] = str(random.getstate())
    return states


@contextmanager
def global_seeds(seed: int) -> Iterator[None]:
    """The global generators seeded, and as before afterwards."""
    numpy_state, state = np.random.get_state(), random.getstate()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        yield
    np.random.set_state(numpy_state)  # noqa: NPY002
    random.setstate(state)


def check_global_random(estimator: Estimator, networks: Networks) -> str:
    """The global generators of torch, numpy and random are left alone, and no row depends on them."""
    for name, network in networks.items():
        found = []
        for seed in (0, 1):
            with global_seeds(seed):
                before = global_states()
                found.append(rows(estimator, network, 7))
                touched = [library for library, state in global_states().items() if state != before[library]]
            if touched:
                raise AssertionError(f"{name}: the global random state of {', '.join(touched)} is touched; draw from `rng`")
        if not torch.equal(*found):
            raise AssertionError(f"{name}: rows depend on the global random state; draw from `rng`")
    return "global random states untouched"


@contextmanager
def other_noise(watched: torch.Generator) -> Iterator[None]:
    """Networks draw other uniforms for row 0 alone, where they draw from this generator."""
    original = Network.uniform

    def uniform(network: Network, rng: torch.Generator, *shape: int) -> list[Tensor]:
        us = original(network, rng, *shape)
        if rng is watched and shape:
            other = torch.Generator().manual_seed(11)
            for u in us:
                u[0] = torch.rand(u[0].shape, generator=other, dtype=u.dtype)
        return us

    with patch.object(Network, "uniform", uniform):
        yield


def check_independent(estimator: Estimator, networks: Networks) -> str:
    """Rows are independent: by changing the noise of one, by autocorrelation at every lag, and from one call to the next."""
    spread = spreading(estimator, networks) if estimator.random else {}
    if not spread:
        return "not random"
    for name, network in spread.items():
        rng = torch.Generator().manual_seed(3)
        with other_noise(rng):
            changed = estimator(network, 16, rng)
        original = rows(estimator, network, 16, seed=3)
        others = ((changed - original).abs() > 1e-9 * (1 + original.abs())).any(1).nonzero().flatten().tolist()
        if [row for row in others if row]:
            raise AssertionError(f"{name}: other noise for row 0 changes rows {others}; rows must not share anything random")
    name, network = next(iter(spread.items()))
    rng = torch.Generator().manual_seed(4)
    first, second = (estimator(network, ROWS, rng).detach().double() for _ in range(2))
    lag, z = autocorrelation(first)
    limit = critical(ROWS - 1, FALSE_ALARM / 2)
    if z > limit:
        raise AssertionError(f"{name}: rows that are {lag} apart are correlated, |z| = {z:.1f} where {limit:.1f} is allowed")
    error = ((first.var(0) + second.var(0)) / ROWS + 1e-24).sqrt()
    z, limit = float(((first.mean(0) - second.mean(0)) / error).abs().max()), critical(first.shape[1], FALSE_ALARM / 2)
    if z > limit:
        raise AssertionError(f"{name}: two calls have different means, |z| = {z:.1f} where {limit:.1f} is allowed: "
                             "rows of one call share something random")
    return f"by the noise of one row on {len(spread)} networks, and among {ROWS} rows on {name}"


def autocorrelation(estimates: Tensor) -> tuple[int, float]:
    """(lag, |z|) of the strongest correlation between rows at a fixed (circular) distance, for ranks of their lengths along a
    fixed direction: ranks, so that z is normal whatever the tails of the rows."""
    direction = torch.randn(estimates.shape[1], generator=torch.Generator().manual_seed(0), dtype=estimates.dtype)
    deviation = estimates.std(0)
    scaled = torch.where(deviation > 0, (estimates - estimates.mean(0)) / deviation, 0.0)
    ranks = rankdata((scaled @ direction).numpy())
    scores = norm.ppf((ranks - 0.5) / len(ranks))
    scores = (scores - scores.mean()) / scores.std()
    spectrum = np.abs(np.fft.fft(scores)) ** 2
    z = np.abs(np.fft.ifft(spectrum).real[1:]) / len(scores) ** 0.5
    return int(z.argmax()) + 1, float(z.max())
