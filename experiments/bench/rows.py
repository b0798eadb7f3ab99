"""Part b: whole-data gradient estimates a second: engine, loop of backward passes, storchastic and the hand-written ceiling."""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from straightedge.analysis.cell.memory import block_rows
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.network import Network
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.bench.ceiling import CEILING, loop
from straightedge.experiments.bench.peers import installed
from straightedge.experiments.bench.timing import seconds

NETWORKS = (Points((5, 5, 5), points=200), Digits((64, 64), points=100, inputs=64, reduction="project"))
METHODS = {"reinforce": "ScoreFunction", "arm": "ARM", "straight_through": None, "st_gumbel": "GumbelSoftmax"}
"""Estimator -> its name in storchastic."""
CALLS = 30
"""Calls of a peer whose mean is held against the exact gradient."""


def rate(timed: dict, n: int) -> dict:
    """Estimates a second from seconds of n estimates; `low` and `high` with them."""
    return {"rate": n / timed["seconds"], "rate_low": n / timed["high"], "rate_high": n / timed["low"]} | timed


def verdict(call: Callable[[], torch.Tensor], network: Network) -> str:
    """'' where the mean of a peer's calls is the exact gradient to within sampling error, else what is wrong."""
    drawn = torch.stack([call() for _ in range(CALLS)])
    spread = float(drawn.var(0).sum() / CALLS)
    off = float((drawn.mean(0) - exact_gradient(network)).square().sum())
    return f"wrong: off by {(off / max(spread, 1e-300)) ** 0.5:.1f} standard errors" if off > 9 * spread else ""


def rows(device: str) -> Iterator[dict]:
    """One row for every estimator, network and way."""
    call = installed()["storchastic"]
    for problem in NETWORKS:
        network = problem.build()
        network = network.to(device, network.theta.dtype)
        n, rng = min(512, block_rows(network, Reinforce())), torch.Generator(device).manual_seed(0)
        narrow = max(network.widths) <= 8
        for name, method in METHODS.items():
            common = {"part": "rows", "case": "-".join(map(str, network.widths)), "points": len(network.inputs), "estimator": name}
            engine, ceiling = registry()[name](), CEILING[name]
            ways = {"straightedge": (n, partial(engine, network, n, rng)),
                    "hand-written ceiling": (n, partial(ceiling, network, n, rng)),
                    "loop": (20, partial(loop, name, network, 20, rng))}
            for way, (count, draw) in ways.items():
                yield common | {"method": way} | rate(seconds(draw, device, 9, 2.0), count)
            row = common | {"method": "storchastic"}
            if call is None or method is None:
                yield row | {"note": "not installed" if call is None else "has no such estimator"}
                continue
            try:
                def once(c=call, m=network, way=method):
                    return c(m, way)

                wrong = verdict(once, network) if narrow and name != "st_gumbel" else ""
                yield row | ({"note": wrong} if wrong else rate(seconds(once, device, 9, 2.0), 1))
            except (RuntimeError, ValueError, IndexError) as error:
                yield row | {"note": f"failed: {str(error).splitlines()[0][:90]}"}
