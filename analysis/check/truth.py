"""Checks against the exact gradient: unbiased where it says so, exact for the classes of problems where it says so, and tails that allow
to say so at all."""

from collections.abc import Iterable

import torch

from straightedge.analysis.accuracy.bias_test import POWER, BiasTest
from straightedge.analysis.check.draw import Networks, cost, rows
from straightedge.analysis.check.ladder import members
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

FALSE_ALARM = 1e-6
"""Probability that an unbiased estimator is reported by one of these checks, all networks and coordinates together."""
RESOLUTION = 0.03
"""Rows are added until a bias of this part of the gradient's length would be seen, up to MOST, and up to BUDGET multiply-adds."""
MOST, BUDGET, PATIENCE = 65536, 3e6, 4
"""The last is how many times more of them are drawn where rare events leave a coordinate unjudged."""
SHARE = 0.1
"""One row of thousands must not carry more of the sum of squares than this: its mean and its variance then rest on that row."""


def exactly(network: Network, where: slice) -> BiasTest:
    """The test that holds rows of this network against its exact gradient, which is found in float64."""
    wide = network.to("cpu", torch.float64)
    return BiasTest(exact_gradient(wide)[where], float(exact_loss(wide).abs()))


def tested(networks: Networks, name: str, where: slice, false_alarm: float) -> BiasTest:
    """The rows of one network held against its exact gradient, for the parameters `where`."""
    estimator, network, test = networks.estimator, networks[name], exactly(networks[name], where)
    if not estimator.random:
        test.add(rows(estimator, network, 2)[:, where])
        return test
    most = min(MOST, BUDGET / cost(estimator, network))
    for chunk in networks.chunks(name):
        if not bool(torch.isfinite(chunk).all()):
            raise AssertionError(f"{name}: {int((~torch.isfinite(chunk)).any(1).sum())} of {len(chunk)} rows hold NaN or infinity")
        test.add(chunk[:, where])
        seen = bool(test.judged.all()) or test.n >= PATIENCE * most
        if seen and (test.visible(false_alarm) <= RESOLUTION or test.n >= most):
            break
    return test


def verdict(networks: Networks, wheres: Iterable[slice]) -> str:
    """What would have been seen on each network.  Raises AssertionError naming every network where a bias is seen, or where so few rows
    carry a coordinate that nothing can be said of it."""
    share = FALSE_ALARM / len(networks)
    tests = {name: tested(networks, name, where, share) for name, where in zip(networks, wheres, strict=True)}
    alarms = [f"{name}: {alarm}" for name, test in tests.items() if (alarm := test.alarm(share))]
    alarms += [f"{name}: {int((~test.judged).sum())} of {len(test.judged)} statistics rest on too few of {test.n} rows to be judged: their "
               "tails are too heavy" for name, test in tests.items() if not bool(test.judged.all())]
    if alarms:
        raise AssertionError("; ".join(alarms))
    return (f"false alarm {FALSE_ALARM:g}; smallest bias seen with probability {POWER:.0%}, relative to the gradient's length: "
            + ", ".join(f"{name} {test.visible(share):.1%}" for name, test in tests.items()))


def check_unbiased(estimator: Estimator, networks: Networks) -> str:
    """The mean row is the exact gradient on every rung: every coordinate, and the length along the exact gradient."""
    return verdict(networks, [slice(None)] * len(networks))


def check_exact_for(estimator: Estimator, networks: Networks) -> str:
    """The mean row is the exact gradient for the declared classes of problems, under every noise that the estimator suits."""
    claimed = {f"{claim} {name}": member for claim in sorted(estimator.exact_for) for name, member in members(claim).items()}
    suited = Networks(estimator, {name: network for name, (network, _) in claimed.items()})
    if not suited:
        raise AssertionError(f"suits no problem of the classes {', '.join(sorted(estimator.exact_for))} that it claims")
    return verdict(suited, [claimed[name][1] for name in suited])


def check_tails(estimator: Estimator, networks: Networks) -> str:
    """No row of thousands carries the sum of squares: where one does, means and variances of rows say nothing."""
    worst = ("no network", 0.0)
    for name in networks if estimator.random else ():
        squares = (networks.chunk(name) - networks.chunk(name).mean(0)).square().sum(1)
        share = float(squares.max() / squares.sum().clamp_min(1e-300))
        if not share <= SHARE:
            raise AssertionError(f"{name}: one of {len(squares)} rows carries {share:.0%} of the sum of squares; variance and intervals "
                                 "of such rows mean nothing")
        worst = max(worst, (name, share), key=lambda one: one[1])
    return f"the largest row carries at most {worst[1]:.1%} of a sum of squares ({worst[0]})" if estimator.random else "not random"
