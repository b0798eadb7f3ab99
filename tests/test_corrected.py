"""The rare correction and the centred bits: what they keep of their rule, what they cost, what they take off the variance."""

import pytest
import torch
from enumeration import vector

from straightedge.analysis.check.ladder import layered
from straightedge.estimators.base import chain_rows
from straightedge.estimators.centred import Centred
from straightedge.estimators.corrected import RULES, Corrected
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr

pytestmark = pytest.mark.sampled
NETWORK = layered((2, 3, 2, 2), CrossEntropy(), [0, 1, 1], scale=1.5)
PLAIN = {"straight_through": StraightThrough(), "zgr": Zgr(), "tempered": Tempered()}


def scores(rows, right):
    """z of every coordinate's mean; |z| below 5.5 is one false alarm in a million for 20 coordinates."""
    return (rows.mean(0) - right) / (rows.std(0) / len(rows) ** 0.5).clamp_min(1e-15)


@pytest.mark.parametrize("rule", RULES)
def test_the_correction_takes_the_bias_away(rule):
    """The rule's own mean is more than six standard errors off, in the same number of rows."""
    rows = Corrected(rule, 0.2)(NETWORK, 40_000, torch.Generator().manual_seed(0))
    truth = exact_gradient(NETWORK)
    assert scores(rows, truth).abs().max() < 5.5
    assert scores(PLAIN[rule](NETWORK, 40_000, torch.Generator().manual_seed(0)), truth).abs().max() > 6


def test_always_corrected_is_local_expectation():
    """By the same uniforms; never corrected, at a share too small to come up in five rows, the rule itself."""
    def drawn(estimator):
        return estimator(NETWORK, 5, torch.Generator().manual_seed(3))

    torch.testing.assert_close(drawn(Corrected("zgr", 1.0)), drawn(LocalExpectation()))
    us = NETWORK.uniform(torch.Generator().manual_seed(3), 5)
    torch.testing.assert_close(drawn(Corrected("zgr", 1e-9)), chain_rows(RULES["zgr"], NETWORK, us))


@pytest.mark.parametrize("rule", RULES)
def test_centred_bits_keep_the_mean(rule):
    right = exact_moments(PLAIN[rule], NETWORK).mean
    rows = Centred(rule, 4)(NETWORK, 20_000, torch.Generator().manual_seed(0))
    assert scores(rows, right).abs().max() < 5.5
    assert scores(rows, exact_gradient(NETWORK)).abs().max() > 6


def test_centred_bits_take_off_what_is_linear_in_them():
    """ZGR for f = w x: a unit's estimate is a function of its own bit alone, so linear in it; coefficients of 64 samples leave a tenth."""
    network = vector(lambda x: x @ x.new_tensor((1.0, -0.7, 0.4)))
    rows = Centred("zgr", 64)(network, 4000, torch.Generator().manual_seed(0))
    assert float(rows.var(0).sum()) < 0.1 * exact_moments(Zgr(), network).trace() / 64


def test_refusals():
    with pytest.raises(InputError, match="corrected: share = 0.0 must lie between 0"):
        Corrected(share=0.0)
    with pytest.raises(InputError, match="centred: samples = 2 is too few"):
        Centred(samples=2)
