"""Training of the package's own tiny networks on the whole data set, with any estimator's gradient."""

from dataclasses import dataclass
from typing import Literal

import torch

from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.network import Network

Optimizer = Literal["adam", "momentum"]
MOMENTUM = 0.9


@dataclass(frozen=True)
class Training:
    """A course of training: which estimator, how many steps, which steps."""

    trainer: str
    """The estimator in words."""
    steps: int
    rate: float
    optimizer: Optimizer = "adam"
    decay: bool = False
    """Whether the rate falls, along a line, to zero."""
    passes: int = 0
    """Passes of the network that a step may take; 0: those of one estimate."""
    seed: int = 0

    def __call__(self, network: Network) -> Network:
        """The network after these steps; with `exact` the course is deterministic."""
        estimator = estimator_of(self.trainer)
        draws, rng = self.draws(estimator, network), torch.Generator().manual_seed(self.seed)
        theta = network.theta.clone().requires_grad_()
        if self.optimizer == "adam":
            optimizer: torch.optim.Optimizer = torch.optim.Adam([theta], lr=self.rate)
        else:
            optimizer = torch.optim.SGD([theta], lr=self.rate, momentum=MOMENTUM)
        for step in range(self.steps):
            if self.decay:
                optimizer.param_groups[0]["lr"] = self.rate * (1 - step / self.steps)
            rows = estimates(estimator, network.at(theta.detach()), draws, rng)
            theta.grad = rows[0].clone() if draws == 1 else rows.mean(0)
            optimizer.step()
        return network.at(theta.detach().clone())

    def draws(self, estimator: Estimator, network: Network) -> int:
        """Estimates averaged in a step: as many as its passes pay for; one where there is no variance."""
        if not self.passes or not estimator.random:
            return 1
        metered = network.metered()
        estimates(estimator, metered, 1, torch.Generator().manual_seed(self.seed))
        return max(1, int(self.passes / sum(metered.cost(1)) + 1e-9))
