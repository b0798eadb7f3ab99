"""The exact mean and variance of an estimator's rows, without sampling.

A rule says nothing about itself to get this, and an estimator without randomness neither.  Any other estimator may have a method
`moments(network)` that names its plan, such as `Score(network)` or `Pair(network, ...)`.
"""

import torch

from estimators.base import Estimator, Rule, Unsuitable
from estimators.marginal import Moments
from estimators.message import Chain
from estimators.network import Network
from estimators.plan import Plan


def plan(estimator: Estimator, network: Network) -> Plan | None:
    """How the moments are found; None for an estimator without randomness, which is its own mean.  Raises Unsuitable."""
    estimator.check(network)
    if not estimator.random:
        return None
    if hasattr(estimator, "moments"):
        return estimator.moments(network)
    if isinstance(estimator, Rule) and (type(estimator).__call__ is Rule.__call__ or type(estimator).noises != Rule.noises):
        return Chain(network, estimator)
    raise Unsuitable(f"{type(estimator).__name__}: no exact moments are known; sample it")


def available(estimator: Estimator, network: Network) -> bool:
    """Whether `moments` would find them, told without finding them."""
    try:
        found = plan(estimator, network)
        if found is not None:
            found.require()
    except Unsuitable:
        return False
    return True


def moments(estimator: Estimator, network: Network) -> Moments:
    """The mean and variance [d] of one row, in float64.  Raises Unsuitable where they are out of reach, saying why."""
    found = plan(estimator, network)
    if found is not None:
        return found()
    network = network.to(network.theta.device, torch.float64)
    mean = estimator(network, 1, torch.Generator(network.theta.device))[0].detach().clone()
    return Moments(mean, torch.zeros_like(mean))
