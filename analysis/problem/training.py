"""Training of the package's own tiny networks: Adam on the whole data set, with any estimator's gradient."""

import torch

from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.network import Network


def train(network: Network, trainer: str, steps: int, rate: float, seed: int) -> Network:
    """The network after `steps` steps of Adam along one estimate each; with `exact` the course is deterministic."""
    estimator = registry()[trainer]()
    rng = torch.Generator().manual_seed(seed)
    theta = network.theta.clone().requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=rate)
    for _ in range(steps):
        theta.grad = estimates(estimator, network.at(theta.detach()), 1, rng)[0].clone()
        optimizer.step()
    return network.at(theta.detach().clone())
