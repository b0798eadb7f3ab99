"""Random single flip: two evaluations whatever the width, no bias, and the variance that its chances make."""

import pytest
import torch
from enumeration import polynomial, vector

from straightedge.analysis.check.ladder import layered
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.single_flip import SingleFlip
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.exact


@pytest.mark.parametrize("width", (2, 9, 40))
def test_the_price_does_not_grow_with_the_width(width):
    """Two layers: the pass itself and at most one more in all; local expectation takes more, though a flip changes one column only."""
    prices = {}
    for estimator in (SingleFlip(), LocalExpectation()):
        network = layered((3, width, width, 2), CrossEntropy(), [0, 1]).metered()
        estimator(network, 5, torch.Generator().manual_seed(0))
        prices[type(estimator)] = network.cost(5).forwards
    assert prices[SingleFlip] <= 2 + 1e-9 < prices[LocalExpectation]


@pytest.mark.parametrize("choice", ("density", "even"))
def test_variance_of_a_linear_loss(choice):
    """One layer, f = w x: row i is w_i span F'_i / r_i with probability r_i, so the variance is (w_i span F'_i)^2 (1 / r_i - 1)."""
    weight = (1.0, -0.7, 0.4)
    network = vector(lambda x: x @ x.new_tensor(weight))
    slope = network.noise.density(network.theta)
    chance = slope / slope.sum() if choice == "density" else torch.full_like(slope, 1 / 3)
    right = (torch.tensor(weight, dtype=torch.float64) * 2 * slope).square() * (1 / chance - 1)
    found = exact_moments(SingleFlip(choice), network)
    torch.testing.assert_close(found.variance, right, rtol=1e-11, atol=1e-14)
    rows = SingleFlip(choice)(network, 40_000, torch.Generator().manual_seed(1))
    assert ((rows != 0).sum(1) == 1).all()
    z = ((rows != 0).double().mean(0) - chance) / (chance * (1 - chance) / len(rows)).sqrt()
    assert z.abs().max() < 4.5  # one false alarm in 50 000 for three coordinates


def test_moments_in_depth():
    """The mean is the gradient; no chances have less variance than local expectation, which flips all units."""
    network = layered((2, 3, 4, 2), CrossEntropy(), [0, 1, 1])
    truth, all_units = exact_gradient(network), exact_moments(LocalExpectation(), network)
    for choice in ("density", "even"):
        found = exact_moments(SingleFlip(choice), network)
        torch.testing.assert_close(found.mean, truth, rtol=1e-10, atol=1e-13)
        hidden = slice(0, network.groups["layer1"].stop)
        assert (found.variance[hidden] >= all_units.variance[hidden] * (1 - 1e-9)).all()
        assert found.trace(hidden) > 1.5 * all_units.trace(hidden)


def test_one_unit_is_local_expectation():
    network = vector(polynomial(2, 1), logits=(0.4,))
    rows = SingleFlip()(network, 8, torch.Generator().manual_seed(0))
    torch.testing.assert_close(rows, exact_gradient(network).expand(8, -1))
