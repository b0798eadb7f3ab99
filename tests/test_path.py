"""Exact moments of PSA, against its own rows on a grid of uniforms."""

import pytest
import torch

import tests.grid as grid
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.moment.path import differences
from straightedge.estimators.network.loss import CrossEntropy, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.psa import Psa
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.exact

NETWORKS = {
    "three layers, cross-entropy": grid.network((2, 3, 2), CrossEntropy(), scale=1.5),
    "bits, many targets, uniform": grid.network((3, 2), SquaredError(), points=7, noise=NOISES["uniform"], states=BITS, scale=0.7),
    "narrow middle, normal": grid.network((3, 1, 3), CrossEntropy(), outputs=3, noise=NOISES["normal"]),
    "function, no input": grid.network((4,), StateFunction(lambda x: (x.sum(-1) + x[..., 0] * x[..., -1]) ** 2), inputs=0, points=1),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_moments(network):
    assert grid.agree(network, exact_moments(Psa(), network), grid.moments(Psa(), network))


def test_the_comparison_can_fail(monkeypatch):
    network = NETWORKS["three layers, cross-entropy"]
    truth = grid.moments(Psa(), network)
    monkeypatch.setattr("straightedge.estimators.moment.path.differences", lambda values, width: differences(values, width).flip(-1))
    assert grid.distance(network, exact_moments(Psa(), network).mean, truth[0]) > 1e-2


def test_bias_is_none_in_the_last_hidden_layer_and_below_one_unit():
    network = grid.network((3, 1), CrossEntropy(), noise=NOISES["normal"])
    bias = (exact_moments(Psa(), network).mean - exact_gradient(network)).abs()
    assert bias.max() < 1e-12
    network = NETWORKS["three layers, cross-entropy"]
    bias = (exact_moments(Psa(), network).mean - exact_gradient(network)).abs()
    assert bias[network.groups["layer2"]].max() < 1e-12
    assert bias[network.groups["layer0"]].max() > 1e-4


def test_differences_are_by_the_unit():
    values = torch.tensor([[1.0, 2.0, 4.0, 8.0]])
    assert differences(values, 2).tolist() == [[[3.0, 1.0], [6.0, 1.0], [3.0, 4.0], [6.0, 4.0]]]
