"""Checks against the exact gradient: unbiased where it says so, exact for the classes of problems where it says so."""

import torch

from straightedge.analysis.accuracy.bias_test import POWER, BiasTest
from straightedge.analysis.check.form import Networks
from straightedge.analysis.check.ladder import members, suiting
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

FALSE_ALARM = 1e-6
"""Probability that an unbiased estimator is reported by one of these checks, all networks and coordinates together."""
RESOLUTION = 0.03
"""Rows are added until a bias of this part of the gradient's length would be seen, up to MOST."""
CHUNK, MOST = 16384, 65536


def tested(estimator: Estimator, network: Network, where: slice, false_alarm: float) -> BiasTest:
    """The rows of one network held against its exact gradient, for the parameters `where`."""
    test, rng = BiasTest(exact_gradient(network)[where], float(exact_loss(network).abs())), torch.Generator().manual_seed(1)
    if not estimator.random:
        test.add(estimator(network, 2, rng)[:, where])
        return test
    while test.n < MOST and (not test.n or test.visible(false_alarm) > RESOLUTION):
        test.add(estimator(network, CHUNK, rng)[:, where])
    return test


def verdict(estimator: Estimator, networks: dict[str, tuple[Network, slice]]) -> str:
    """What would have been seen on each network.  Raises AssertionError naming every network where a bias is seen."""
    share = FALSE_ALARM / len(networks)
    tests = {name: tested(estimator, network, where, share) for name, (network, where) in networks.items()}
    alarms = [f"{name}: {alarm}" for name, test in tests.items() if (alarm := test.alarm(share))]
    if alarms:
        raise AssertionError("; ".join(alarms))
    blind = [f"{name} {int((~test.judged).sum())}" for name, test in tests.items() if not bool(test.judged.all())]
    return (f"false alarm {FALSE_ALARM:g}; smallest bias seen with probability {POWER:.0%}, relative to the gradient's length: "
            + ", ".join(f"{name} {test.visible(share):.1%}" for name, test in tests.items())
            + (f"; coordinates with too heavy a tail to judge: {', '.join(blind)}" if blind else ""))


def check_unbiased(estimator: Estimator, networks: Networks) -> str:
    """The mean row is the exact gradient on every rung: every coordinate, and the length along the exact gradient."""
    return verdict(estimator, {name: (network, slice(None)) for name, network in networks.items()})


def check_exact_for(estimator: Estimator, networks: Networks) -> str:
    """The mean row is the exact gradient for the declared classes of problems, under every noise that the estimator suits."""
    claimed = {f"{claim} {name}": member for claim in sorted(estimator.exact_for) for name, member in members(claim).items()}
    suited = suiting(estimator, {name: network for name, (network, _) in claimed.items()})
    if not suited:
        raise AssertionError(f"suits no problem of the classes {', '.join(sorted(estimator.exact_for))} that it claims")
    return verdict(estimator, {name: claimed[name] for name in suited})
