"""Exact moments of estimators that compare two evaluations, against their own rows on a grid of uniforms."""

import pytest
import torch

import tests.grid as grid
from straightedge.estimators.arm import Arm
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.measure_valued import MeasureValued
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.moment.pair import PairPlan, arm_pairing, common, disarm_pairing, flip_pairing
from straightedge.estimators.moment.spread import members
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES

pytestmark = pytest.mark.exact

NETWORKS = {
    "cross-entropy": grid.network((2, 2), CrossEntropy(), scale=1.5),
    "many targets, bits, normal": grid.network((2, 2), SquaredError(), points=7, noise=NOISES["normal"], states=BITS),
    "three layers, uniform": grid.network((1, 2, 1), CrossEntropy(), noise=NOISES["uniform"], scale=0.6, seed=3),
    "wide below, triangular": grid.network((3, 1), LogisticLoss(), noise=NOISES["triangular"], scale=0.4),
    "function, no input": grid.network((3,), StateFunction(lambda x: (x.sum(-1) + x[..., 0] * x[..., -1]) ** 2), inputs=0, points=1),
    "function, deep": grid.network((1, 1, 2), StateFunction(lambda x: torch.sin(x[..., 0]) + x.prod(-1)), noise=NOISES["logistic2"]),
}
OF_THE_STATES = (Disarm(), LocalExpectation(), MeasureValued())


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("estimator", [Arm(), *OF_THE_STATES], ids=lambda estimator: type(estimator).__name__)
def test_estimator(estimator, network):
    truth = grid.moments(estimator, network, order=2 if estimator == Arm() else 1, antithetic=estimator not in OF_THE_STATES[1:])
    assert available(estimator, network)
    assert grid.agree(network, exact_moments(estimator, network), truth, 1e-11)


def test_the_comparison_can_fail(monkeypatch):
    """The layers above followed with independent uniforms: the same mean, another variance."""
    network = NETWORKS["cross-entropy"]
    truth = grid.moments(Arm(), network, order=2, antithetic=True)

    def independent(network, layer):
        pairs = common(network, layer)
        x, other = (pairs[..., [2, 3]].sum(-1), pairs[..., [1, 3]].sum(-1))
        return torch.stack(((1 - x) * (1 - other), (1 - x) * other, x * (1 - other), x * other), -1)

    monkeypatch.setattr("straightedge.estimators.moment.pair.common", independent)
    found = exact_moments(Arm(), network)
    assert grid.distance(network, found.mean, truth[0]) < 1e-11
    assert grid.distance(network, found.variance, truth[1]) > 1e-3


def test_antithetic_states_have_the_right_law():
    """Both states are hi with probability p, and c averages to the derivative of that."""
    network = NETWORKS["cross-entropy"]
    a = torch.linspace(-5, 5, 41, dtype=torch.float64).unsqueeze(1)
    p, slope = network.noise.cdf(a), network.noise.density(a)
    for pairing in (arm_pairing, disarm_pairing):
        weights = pairing(network, a)
        torch.testing.assert_close(weights[..., 0, :].sum(-1), torch.ones_like(p))
        torch.testing.assert_close(weights[..., 0, [2, 3]].sum(-1), p)
        torch.testing.assert_close(weights[..., 0, [1, 3]].sum(-1), p)
        torch.testing.assert_close(weights[..., 1, 2] - weights[..., 1, 1], slope)
        assert bool((weights[..., 1, :].square() <= weights[..., 0, :] * weights[..., 2, :] + 1e-15).all())
    torch.testing.assert_close(flip_pairing(network, a)[..., 1, 2], slope)


def test_disarm_has_no_more_variance_than_arm():
    network = grid.network((5, 4, 5), CrossEntropy(), points=10)
    arm, disarm = exact_moments(Arm(), network), exact_moments(Disarm(), network)
    torch.testing.assert_close(arm.mean, disarm.mean)
    hidden = slice(0, network.groups["layer3"].start)
    assert bool((disarm.variance <= arm.variance * (1 + 1e-12))[hidden].all())
    assert disarm.trace(hidden) < 0.9 * arm.trace(hidden)


def test_joint_states_are_numbered_by_their_members():
    x, other = members(2, torch.device("cpu"))
    assert x.tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]
    assert other.tolist() == [0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3]


def test_what_does_not_fit_is_refused():
    network = grid.network((12, 12), CrossEntropy())
    assert not available(Arm(), network)
    with pytest.raises(Unsuitable, match=r"12-12 take .* operations"):
        exact_moments(Arm(), network)
    assert available(Arm(), grid.network((8, 8), CrossEntropy()))
    assert not available(MeasureValued(coupled=False), NETWORKS["cross-entropy"])
    assert PairPlan(network, arm_pairing).cost()[0] > 1e13
