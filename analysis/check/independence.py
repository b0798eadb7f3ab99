"""Checks that rows are independent: of the other rows of a call, of other calls, of what was called before.

The tests raise a false alarm with a probability of about FALSE_ALARM, were the generator perfect; the seeds are fixed.

Shapes: n rows, c calls, k statistics of a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.accuracy.bias_test import critical
from straightedge.analysis.check.draw import SIZES, Networks, rows
from straightedge.analysis.check.law import contrast, scores, statistics
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network

FALSE_ALARM = 1e-6
SHUFFLES, BEYOND = 200, 1.6
"""A dependence within calls must also exceed what that many shuffles of the rows show, by this factor: rare rows make z skewed."""


@contextmanager
def other_noise(watched: torch.Generator, row: int) -> Iterator[None]:
    """Networks draw other uniforms for this row alone, where they draw from this generator."""
    original = Network.uniform

    def uniform(network: Network, rng: torch.Generator, *shape: int) -> list[Tensor]:
        us = original(network, rng, *shape)
        if rng is watched and shape:
            other = torch.Generator().manual_seed(11)
            for u in us:
                u[row] = torch.rand(u[row].shape, generator=other, dtype=u.dtype)
        return us

    with patch.object(Network, "uniform", uniform):
        yield


def check_noise(estimator: Estimator, networks: Networks) -> str:
    """Other noise for one row of a call changes that row alone, where the noise is the network's."""
    spread = networks.spread() if estimator.random else []
    for name in spread:
        original = rows(estimator, networks[name], 16, seed=3)
        for row in (0, 6, 15):
            rng = torch.Generator().manual_seed(3)
            with other_noise(rng, row):
                changed = estimator(networks[name], 16, rng)
            size = 1e-9 if original.dtype == torch.float64 else 1e-4
            found = ((changed - original).abs() > size * (original.abs().max() + original.abs())).any(1).nonzero().flatten().tolist()
            if set(found) - {row}:
                raise AssertionError(f"{name}: other noise for row {row} changes rows {found}; rows must not share anything random")
    return f"one row at a time on {len(spread)} networks" if spread else "not random"


def check_independent(estimator: Estimator, networks: Networks) -> str:
    """Rows are uncorrelated at every distance, from the start and mirrored, in one long call and over many calls; within small calls
    in every pair; and two long calls follow one law."""
    names = list(dict.fromkeys((*networks.looked_at(), *networks.spread()[:1]))) if estimator.random else []
    for name in names:
        for estimates, where in (series(networks, name) if name == names[0] else [(networks.chunk(name), "one call")]):
            distance, z = autocorrelation(estimates)
            limit = critical(8 * 2 * len(estimates), FALSE_ALARM)
            if z > limit:
                raise AssertionError(f"{name}: rows of {where} are correlated, {distance}, |z| = {z:.1f} where {limit:.1f} is allowed")
    for name in names[:2]:
        for n in (n for n in SIZES if 1 < n <= (17 if name == names[0] else 2)):
            limit = critical(100, FALSE_ALARM)
            z = shared(networks.calls(name, n), limit)
            if z > limit:
                raise AssertionError(f"{name}: the {n} rows of a call depend on each other, |z| = {z:.1f} where {limit:.1f} is allowed; "
                                     "rows must not share anything random")
        first, second = (rows(estimator, networks[name], 2048, seed).detach().double() for seed in (31, 32))
        z, limit = contrast(first, second), critical(100, FALSE_ALARM)
        if z > limit:
            raise AssertionError(f"{name}: two calls follow different laws, |z| = {z:.1f} where {limit:.1f} is allowed: "
                                 "rows of one call share something random")
    return f"in long calls, small calls and from call to call on {', '.join(names)}" if names else "not random"


def series(networks: Networks, name: str) -> Iterator[tuple[Float[Tensor, "n d"], str]]:
    """Rows one after the other, with what they are: of a long call, and of the calls of each small size."""
    yield networks.chunk(name), "one call"
    for n in (1, 2, 8):
        yield networks.calls(name, n).flatten(0, 1), f"calls of {n}"


def autocorrelation(estimates: Float[Tensor, "n d"]) -> tuple[str, float]:
    """(where, |z|) of the strongest correlation between rows at a fixed (circular) distance, or mirrored at a point, of their values
    along one direction, along the mean, or of their lengths: by ranks, so that z is normal whatever the tails of the rows."""
    columns = statistics(estimates, estimates).numpy()[:, -3:]
    worst = ("", 0.0)
    for column in columns.T:
        values = scores(column)
        transform = np.fft.fft(values)
        apart = np.abs(np.fft.ifft(np.abs(transform) ** 2).real[1:]) / len(values) ** 0.5
        mirrored = np.abs(np.fft.ifft(transform**2).real) / (2 * len(values)) ** 0.5
        worst = max(worst, (f"{int(apart.argmax()) + 1} apart", float(apart.max())), ("mirrored", float(mirrored.max())),
                    key=lambda one: one[1])
    return worst


def pairs(values: np.ndarray) -> np.ndarray:
    """z [k] of the sum over all pairs of a call of the product of their scores [c, n, k]; normal where rows are independent."""
    c, n, _ = values.shape
    products = values.sum(1) ** 2 - (values**2).sum(1)
    return products.sum(0) / (2 * c * n * (n - 1)) ** 0.5


def shared(calls: Float[Tensor, "c n d"], limit: float) -> float:
    """The largest |z| of a dependence between the rows of a call; 0 where it exceeds the limit, but shuffled rows show nearly as much."""
    c, n, _ = calls.shape
    flat = calls.flatten(0, 1)
    values = np.stack([scores(column) for column in statistics(flat, flat).numpy()[:, -4:].T], 1)
    found = np.abs(pairs(values.reshape(c, n, -1)))
    if float(found.max()) <= limit:
        return float(found.max())
    rng = np.random.default_rng(0)
    chance = np.max([np.abs(pairs(rng.permutation(values).reshape(c, n, -1))) for _ in range(SHUFFLES)], 0)
    return float(np.where(found > BEYOND * chance, found, 0).max())


def check_state(estimator: Estimator, networks: Networks) -> str:
    """Rows depend on nothing but values, network and generator: after thousands of calls, and on the same network made anew, the same
    generator gives the rows that it gave at first."""
    for name, network in networks.items():
        anew = replace(network, theta=network.theta.clone(), inputs=network.inputs.clone(), labels=network.labels.clone())
        if name in networks.first and not torch.equal(rows(estimator, network, 5, seed=21), networks.first[name]):
            raise AssertionError(f"{name}: the rows of the first call are not those of later calls with the same generator; keep no state")
        rows(estimator, anew, 3, seed=22)  # not the first call on the other network
        if not torch.equal(rows(estimator, anew, 5, seed=21), rows(estimator, network, 5, seed=21)):
            raise AssertionError(f"{name}: the same network, made anew, gives other rows with the same generator; keep no state")
    return f"as at first, and on networks made anew, on {len(networks)} networks"
