"""Every unbiased estimator against the exact gradient, under every noise and in both encodings, in a chain and in one vector.

Together the tests raise a false alarm with probability 1e-5.  Each sees a bias of 15 % of the gradient's length, in any
coordinate or along the gradient, with probability 95 %.
"""

from functools import cache

import pytest
import torch

from straightedge.analysis.accuracy.bias_test import BiasTest
from straightedge.analysis.check.ladder import layered, quadratic, vector
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.corrected import Corrected
from straightedge.estimators.measure_valued import MeasureValued
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

pytestmark = pytest.mark.sampled

ESTIMATORS = {name: kind() for name, kind in registry().items() if kind.unbiased and kind.random} | {
    "reinforce, running mean": Reinforce(baseline="running_mean"),
    "reinforce, leave one out": Reinforce(baseline="leave_one_out", samples=3),
    "corrected": Corrected(share=0.5),  # rarer corrections are as right, and rest on too few rows to be judged
    "measure_valued, uncoupled": MeasureValued(coupled=False),
}
ENCODINGS = {"chain": (SIGNS, BITS), "vector": (BITS, SIGNS)}
ROWS, CALLS = 8192, 2
FALSE_ALARM = 1e-5 / (len(ESTIMATORS) * 2 * len(NOISES))


@cache
def network(kind: str, noise: str):
    """One network for all estimators, so that their controls are learned once; every other noise has the other encoding."""
    states = ENCODINGS[kind][list(NOISES).index(noise) % 2]
    if kind == "chain":
        return layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2], NOISES[noise], states)
    return vector(quadratic, NOISES[noise], states)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("kind", ENCODINGS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_unbiased(estimator, kind, noise):
    problem, rng = network(kind, noise), torch.Generator().manual_seed(1)
    test = BiasTest(exact_gradient(problem), float(exact_loss(problem).abs()))
    for _ in range(CALLS):
        test.add(ESTIMATORS[estimator](problem, ROWS, rng))
    assert not test.alarm(FALSE_ALARM)
    assert test.judged.all()
    assert test.visible(FALSE_ALARM) < 0.15
