"""The exact mean and variance of an estimator's rows, without sampling.

A rule says nothing about itself to get this, and an estimator without randomness neither.  Any other estimator may have a method
`plan(network)` that gives its plan, such as `ScorePlan(network)` or `PairPlan(network, ...)`.
"""

import torch

from straightedge.estimators.base import Estimator, Rule
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.moment.message import ChainPlan
from straightedge.estimators.moment.plan import Plan
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network


def plan_of(estimator: Estimator, network: Network) -> Plan | None:
    """How the moments are found; None for an estimator without randomness, which is its own mean.  Raises Unsuitable."""
    estimator.check(network)
    if not estimator.random:
        return None
    if hasattr(estimator, "plan"):
        return estimator.plan(network)
    if isinstance(estimator, Rule) and (type(estimator).__call__ is Rule.__call__ or type(estimator).noises != Rule.noises):
        return ChainPlan(network, estimator)
    raise Unsuitable(f"{type(estimator).__name__}: no exact moments are known; sample it")


def available(estimator: Estimator, network: Network) -> bool:
    """Whether `exact_moments` would find them, told without finding them."""
    try:
        found = plan_of(estimator, network)
        if found is not None:
            found.require()
    except Unsuitable:
        return False
    return True


def exact_moments(estimator: Estimator, network: Network) -> Moments:
    """The mean and variance [d] of one row, in float64.  Raises Unsuitable where they are out of reach, saying why."""
    found = plan_of(estimator, network)
    if found is not None:
        return found()
    network = network.to(network.theta.device, torch.float64)
    mean = estimator(network, 1, torch.Generator(network.theta.device))[0].detach().clone()
    return Moments(mean, torch.zeros_like(mean))
