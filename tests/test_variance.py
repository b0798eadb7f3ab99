"""Exact variances where units are nearly certain, against joint sums of 250 digits: no digit is lost, which float64 can keep."""

import numpy as np
import pytest
import torch
from witness import bridge, certain
from witness.case import network
from witness.network import formula

from straightedge.estimators.sum.reference import References
from straightedge.estimators.sum.state import number

pytestmark = pytest.mark.exact

CERTAIN = ("sat36", "saturated:25", "saturated:38", "saturated:50")


def apart(net, found: np.ndarray, truth: np.ndarray) -> float:
    """The largest |found - truth| / |truth| of a layer."""
    return max(float(np.linalg.norm((found - truth)[part]) / np.linalg.norm(truth[part])) for part in net.groups)


@pytest.mark.wide
@pytest.mark.parametrize("name", CERTAIN)
@pytest.mark.parametrize("rule", certain.FACTORS)
def test_rule(rule, name):
    net = network(name)
    for found, truth in zip(bridge.moments(rule, net), certain.chain(net, certain.FACTORS[rule]), strict=True):
        assert apart(net, found, truth) < 1e-12


@pytest.mark.wide
@pytest.mark.parametrize("rule", certain.FACTORS)
@pytest.mark.parametrize("scale", (0.8, 3.0, 9.0))
def test_rule_on_units_of_every_kind(rule, scale):
    """Fair ones, certain ones, and what the state below decides."""
    net = formula(points=2, scale=scale)
    for found, truth in zip(bridge.moments(rule, net), certain.chain(net, certain.FACTORS[rule]), strict=True):
        assert apart(net, found, truth) < 1e-9


@pytest.mark.wide
@pytest.mark.parametrize("name", CERTAIN)
@pytest.mark.parametrize("estimator", ("local_expectation", "measure_valued", "psa"))
def test_differences_of_losses_in_the_last_layer(estimator, name):
    net = network(name)
    part = list(net.groups)[net.depth - 1]
    for found, truth in zip(bridge.moments(estimator, net), certain.last_layer(net), strict=True):
        assert float(np.linalg.norm(found[part] - truth) / np.linalg.norm(truth)) < 1e-12


def test_another_centre_loses_digits(monkeypatch):
    """About states that never occur the same sums are differences of large numbers."""
    net = network("saturated:25")
    truth = certain.chain(net, certain.FACTORS["straight_through"])[1]

    def opposite(activations, noise):
        return [References(torch.zeros(1, dtype=torch.long), number(a[:, :1] <= 0, a)) for a in activations]

    monkeypatch.setattr("straightedge.estimators.moment.centre.references", opposite)
    assert apart(net, bridge.moments("straight_through", net)[1], truth) > 1e-9
