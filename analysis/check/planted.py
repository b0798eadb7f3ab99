"""An estimator with a planted bias, on which verdicts are tried."""

from dataclasses import dataclass
from functools import lru_cache

from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient


@lru_cache(maxsize=4)
def gradient(network: Network) -> Float[Tensor, " d"]:
    """The exact gradient, once for each network."""
    return exact_gradient(network)


@dataclass(frozen=True)
class Planted(Estimator):
    """REINFORCE against the mean of another sample, with a bias planted in one coordinate.

    The coordinate of the first layer's largest derivative is moved by `planted` times the length of that layer's gradient."""

    planted: float = 0.05

    def __call__(self, network, n, rng):
        rows = Reinforce(baseline="leave_one_out", samples=4)(network, n, rng)
        g = gradient(network)[network.groups["layer0"]].to(rows)
        rows[:, int(g.abs().argmax())] += self.planted * g.norm()
        return rows
