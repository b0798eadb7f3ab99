"""Part many: the exact gradients of 100 networks of one shape, in one pass and in a call each."""

from collections.abc import Iterator
from functools import partial

import torch

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_gradient, exact_gradients
from straightedge.experiments.bench.timing import seconds

NETWORKS = 100
CASES = (((3, 3), 20), ((5, 5, 5), 20), ((5, 5, 5), 200), ((8, 8, 8), 200))


def rows(device: str) -> Iterator[dict]:
    """Two rows for every shape; `seconds` are those of all networks."""
    for widths, points in CASES:
        built = [Points(widths, points=points, seed=seed).build() for seed in range(NETWORKS)]
        networks = [network.to(device, network.theta.dtype) for network in built]
        common = {"part": "many", "case": "-".join(map(str, widths)), "points": points}
        wrong = float((exact_gradients(networks) - one_by_one(networks)).abs().max())
        yield common | {"method": "straightedge", "note": f"{NETWORKS} networks, one pass; apart by {wrong:.2g} at most"} | seconds(
            partial(exact_gradients, networks), device)
        yield common | {"method": "a call each", "note": f"{NETWORKS} networks"} | seconds(partial(one_by_one, networks), device)


def one_by_one(networks: list[Network]) -> torch.Tensor:
    """[m, d]."""
    return torch.stack([exact_gradient(network) for network in networks])
