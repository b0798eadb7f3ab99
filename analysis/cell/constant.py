"""The one row of an estimator that draws no random numbers: found once in a process, whatever is asked of it."""

import time
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.cell.choice import Precision
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.network.network import Network

PRECISION = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True, eq=False)
class Constant:
    """What one call gave."""

    row: Float[Tensor, " d"]
    seconds: float
    """Of the call."""
    forwards: float
    backwards: float
    """Passes of the network for one estimate."""


@lru_cache(maxsize=4)
def network_of(problem: Problem, device: str, precision: Precision) -> Network:
    """The network in this precision: not to be written into."""
    return problem.build().to(device, torch.float64).to(device, PRECISION[precision])


@lru_cache(maxsize=4)
def constant(problem: Problem, device: str, precision: Precision, estimator: Estimator) -> Constant | None:
    """None of an estimator that is random, says that it is not, or may be, as it draws from the generator that it is given."""
    if estimator.random:
        return None
    network = network_of(problem, device, precision).copied().metered()
    estimator.check(network)
    rng = torch.Generator(device).manual_seed(0)
    before, began = rng.get_state(), time.perf_counter()
    rows = estimates(estimator, network, 2, rng)
    if device != "cpu":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    if not torch.equal(before, rng.get_state()) or not torch.equal(rows[0], rows[1]):
        return None
    return Constant(rows[0].clone(), seconds, *network.cost(2))


def forget_constant() -> None:
    """Lets go of networks and rows."""
    network_of.cache_clear()
    constant.cache_clear()
