"""What stands between an estimator and its exact moments: which tables, and what they cost."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from straightedge.estimators.moment.marginal import Delta, Moments, row_moments
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.cost import memory

OPERATIONS = 2e12
"""Floating-point operations beyond which moments are refused: about a minute on two cores."""


@dataclass(frozen=True, eq=False)
class Plan(ABC):
    """The exact moments of one estimator on one network, in float64: `require` says whether they fit, the call finds them."""

    network: Network

    def __post_init__(self):
        object.__setattr__(self, "network", self.network.to(self.network.theta.device, torch.float64))

    @abstractmethod
    def cost(self) -> tuple[float, float]:
        """(floating-point operations, bytes) of the tables."""

    @abstractmethod
    def tables(self) -> tuple[list[torch.Tensor], list[Delta]]:
        """The Bernoulli layers' weights, of which order 0 are the probabilities, and the deltas of all affine layers."""

    @property
    def averaged(self) -> int:
        """Independent samples averaged in one estimate."""
        return 1

    def require(self) -> None:
        """Raises Unsuitable where the tables would not fit, naming what they take."""
        operations, size = self.cost()
        allowed = memory()
        if operations > OPERATIONS or size > allowed:
            widths = "-".join(map(str, self.network.widths))
            raise Unsuitable(f"exact moments of widths {widths} take {operations:.3g} operations and {size / 2**30:.3g} GiB, but "
                             f"{OPERATIONS:.3g} and {allowed / 2**30:.3g} GiB are allowed; sample this estimator")

    def __call__(self) -> Moments:
        self.require()
        with torch.no_grad():
            return row_moments(self.network, *self.tables(), self.averaged)
