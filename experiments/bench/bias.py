"""Part c: time to a straight-through bias known to 1 % of the gradient: exact moments, the engine, a loop of backward passes."""

from collections.abc import Iterator

import torch

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.bench.ceiling import loop
from straightedge.experiments.bench.timing import seconds

TOLERANCE = 0.01
CHUNK = 256


def rows(device: str) -> Iterator[dict]:
    """Sampling needs n rows with sqrt(variance / n) = 1 % of |g|; its time is n times that of one row, measured in chunks."""
    network = Points((5, 5, 5), points=200).build()
    network = network.to(device, network.theta.dtype)
    rng, rule = torch.Generator(device).manual_seed(0), StraightThrough()
    common = {"part": "bias", "case": "5-5-5", "points": 200, "estimator": "straight_through"}
    truth = exact_gradient(network)
    need = int(exact_moments(rule, network).variance.sum() / (TOLERANCE * truth.norm()) ** 2) + 1
    yield common | {"method": "exact moments"} | seconds(lambda: (exact_moments(rule, network), exact_gradient(network)), device)
    for name, n, call in (("straightedge", CHUNK, lambda: rule(network, CHUNK, rng)),
                          ("loop", 20, lambda: loop("straight_through", network, 20, rng))):
        timed = seconds(call, device)
        scaled = {key: timed[key] * need / n for key in ("seconds", "low", "high")}
        yield common | {"method": name} | timed | scaled | {"note": f"{need} rows, extrapolated from chunks of {n}"}
