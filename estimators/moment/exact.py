"""The exact mean and variance of an estimator's rows, without sampling.

A rule says nothing about itself to get this, and an estimator without randomness neither.  Any other estimator may define
`plan(network)` beside its `__call__`, such as `ScorePlan(network)` or `PairPlan(network, ...)`.  Both are inherited together or not at
all: where a class below changes the call, or anything that the call might use, the plan is somebody else's.
"""

import inspect
from dataclasses import fields

import torch

from straightedge.estimators.base import Estimator, MomentPlan, Rule
from straightedge.estimators.moment.chain import ChainPlan
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network

HARMLESS = frozenset({"unbiased", "random", "family", "marker", "exact_for", "expected_failures", "check", "chain_only", "samples",
                      "_abc_impl"})
"""Names that no row depends on, like those with two underscores but for HOOKS."""
HOOKS = frozenset({"__call__", "__getattribute__", "__getattr__"})


def plan_of(estimator: Estimator, network: Network) -> MomentPlan | None:
    """How the moments are found; None for an estimator without randomness, which is its own mean.  Raises Unsuitable."""
    estimator.check(network)
    if not estimator.random:
        return None
    name, owner = type(estimator).__name__, owner_of(estimator, "__call__")
    found: MomentPlan | None
    if owner is Rule and isinstance(estimator, Rule):
        found, changed = ChainPlan(network, estimator), changes(estimator, Rule) - {"unit"}
    elif owner_of(estimator, "plan") is owner:
        found, changed = estimator.plan(network), changes(estimator, owner)
    else:
        found, changed = None, set()
    if changed:
        raise Unsuitable(f"{name}: the exact moments of {owner.__name__} are not its own, as it changes {', '.join(sorted(changed))}; "
                         "sample it, or give it a __call__ and a plan of its own")
    if found is None:
        raise Unsuitable(f"{name}: no exact moments are known; sample it")
    return found


def owner_of(estimator: Estimator, name: str) -> type:
    """The class that defines this method of the estimator."""
    return next(kind for kind in type(estimator).__mro__ if name in vars(kind))


def changes(estimator: Estimator, owner: type) -> set[str]:
    """What of `owner`, beyond plain values and claims, a class below it or the estimator itself defines anew."""
    below = type(estimator).__mro__[: type(estimator).__mro__.index(owner)]
    known = {name for kind in owner.__mro__ for name in vars(kind)} | HOOKS
    values = {field.name for field in fields(owner)
              if not isinstance(inspect.getattr_static(type(estimator), field.name, None), property)}
    anew = {name for kind in below for name in vars(kind)} | set(vars(estimator))
    plain = {name for name in anew if name.startswith("__") and name not in HOOKS}
    return (anew & known) - values - plain - HARMLESS


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
    mean, *others = (estimator(network, 1, torch.Generator(network.theta.device).manual_seed(seed))[0].detach().clone() for seed in (0, 1))
    if not torch.allclose(mean, others[0], equal_nan=True):
        raise Unsuitable(f"{type(estimator).__name__}: its rows differ, though it says that they do not; sample it")
    return Moments(mean, torch.zeros_like(mean))
