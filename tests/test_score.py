"""Exact moments of REINFORCE with each of its baselines, against its own rows on a grid of uniforms."""

from dataclasses import replace

import pytest
import torch

import tests.grid as grid
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.moment.score import ScorePlan, score_weights
from straightedge.estimators.network.loss import CrossEntropy, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinforce import Reinforce

pytestmark = pytest.mark.exact

NETWORKS = {
    "cross-entropy": grid.network((2, 1), CrossEntropy(), scale=1.5),
    "many targets, bits, normal": grid.network((1, 2), SquaredError(), points=7, noise=NOISES["normal"], states=BITS),
    "uniform, certain unit": grid.network((1, 1), CrossEntropy(), noise=NOISES["uniform"], scale=2.0),
    "function, no input": grid.network((3,), StateFunction(lambda x: (x.sum(-1) + x[..., 0] * x[..., -1]) ** 2), inputs=0, points=1),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("baseline", ["none", "constant", "running_mean", "leave_one_out"])
def test_baseline(baseline, samples, network):
    if baseline == "leave_one_out" and samples == 1:
        return
    estimator = Reinforce(baseline=baseline, constant=0.7 if baseline == "constant" else 0.0, samples=samples)
    fed = estimator
    if baseline == "running_mean":  # its constant is learned from a stream, which a grid is not
        fed = replace(estimator, baseline="constant", constant=estimator.learned(network))
    assert grid.agree(network, exact_moments(estimator, network), grid.moments(fed, network, copies=samples))


def test_the_comparison_can_fail():
    network = NETWORKS["cross-entropy"]
    truth = grid.moments(Reinforce(baseline="leave_one_out", samples=3), network, copies=3)
    for wrong in (ScorePlan(network, samples=3), ScorePlan(network, samples=4, leave_one_out=True), ScorePlan(network, 0.6, 3)):
        found = wrong()
        assert grid.distance(network, found.mean, truth[0]) < 1e-12
        assert grid.distance(network, found.variance, truth[1]) > 1e-2


def test_weights_stay_finite_where_a_unit_is_certain():
    for noise in NOISES.values():
        a = torch.tensor([[-60.0, -2.0, -1.0, 0.0, 1.0, 2.0, 60.0]], dtype=torch.float64)
        weights = score_weights(replace(NETWORKS["cross-entropy"], noise=noise), a)
        assert bool(torch.isfinite(weights).all())
        torch.testing.assert_close(weights[..., 1, :].sum(-1), torch.zeros_like(a))
