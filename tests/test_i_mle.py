"""I-MLE: a difference quotient of F along the slope, whose limit is the derivative at the slope's side."""

import pytest
import torch
from enumeration import vector

from straightedge.estimators.i_mle import IMle
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES

pytestmark = pytest.mark.sampled

WEIGHT = torch.tensor((1.0, -0.7, 0.4), dtype=torch.float64)


@pytest.mark.parametrize("central", (False, True))
@pytest.mark.parametrize("states", (SIGNS, BITS))
@pytest.mark.parametrize("noise", NOISES)
def test_mean_is_a_difference_quotient(noise, states, central):
    """f = w x, s = span w: (F(a) - F(a - step s)) / step, or over both sides; |z| below 5, one false alarm in 10^5 for all."""
    noise, step = NOISES[noise], 0.7
    network = vector(lambda x: x @ WEIGHT, noise, states)
    a, slope = network.theta, network.span * WEIGHT
    ahead = a + step * slope if central else a
    right = (noise.cdf(ahead) - noise.cdf(a - step * slope)) / (step * (1 + central))
    rows = IMle(step, central)(network, 40_000, torch.Generator().manual_seed(0))
    assert ((rows.mean(0) - right).abs() <= 5 * rows.std(0) / len(rows) ** 0.5 + 1e-12).all()


def test_a_long_step_is_another_number():
    """At step 3 the mean is far from F' s, by 20 standard errors and more."""
    network = vector(lambda x: x @ WEIGHT)
    rows = IMle(3.0)(network, 40_000, torch.Generator().manual_seed(0))
    right = network.noise.density(network.theta) * 2 * WEIGHT
    assert ((rows.mean(0) - right) / (rows.std(0) / len(rows) ** 0.5)).abs().max() > 20


def test_a_small_step_is_right_for_a_linear_loss():
    """step 0.01: the quotient is within 1 % of F' s; rows are 0 or 1 / step."""
    network = vector(lambda x: x @ WEIGHT)
    rows = IMle(0.01, central=True)(network, 400_000, torch.Generator().manual_seed(1))
    right = network.noise.density(network.theta) * 2 * WEIGHT
    assert ((rows.mean(0) - right).abs() <= 5 * rows.std(0) / len(rows) ** 0.5 + 1e-12).all()
    assert set(rows.abs().unique().tolist()) == {0.0, 50.0}


def test_refusals():
    with pytest.raises(InputError, match="i_mle: step = 0.0 must be positive"):
        IMle(0.0)
