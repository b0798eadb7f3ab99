"""Stratified uniforms: one in every part, independent between units and rows, and less variance where the data points are alike."""

import pytest
import torch

from straightedge.analysis.check.ladder import layered
from straightedge.estimators.network.loss import LogisticLoss
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.stratified import Stratified, latin

NETWORK = layered((2, 3, 2, 1), LogisticLoss(), [1, -1] * 10)


@pytest.mark.exact
def test_one_in_every_part():
    for u in latin(NETWORK, 5, torch.Generator().manual_seed(0)):
        assert torch.equal((u * 20).floor().sort(1).values, torch.arange(20.0, dtype=u.dtype).view(1, 20, 1).expand_as(u))
        assert not torch.equal(u[0].argsort(0), u[1].argsort(0)) and not torch.equal(u[..., 0].argsort(1), u[..., 1].argsort(1))


@pytest.mark.sampled
def test_alike_points_lose_variance_and_the_mean_stays():
    """Twenty equal data points: means within 4.5 standard errors (18 coordinates, false alarm 1e-4), trace below two thirds."""
    network = type(NETWORK)(NETWORK.theta, NETWORK.inputs[:1].expand(20, -1).contiguous(), NETWORK.labels[:1].expand(20).contiguous(),
                            NETWORK.widths, NETWORK.loss, NETWORK.outputs)
    plain, mine = (estimator(network, 20_000, torch.Generator().manual_seed(1))
                   for estimator in (StraightThrough(), Stratified("straight_through")))
    error = ((plain.var(0) + mine.var(0)) / 20_000).sqrt()
    assert ((plain.mean(0) - mine.mean(0)).abs() < 4.5 * error).all()
    assert mine.var(0).sum() < 0.67 * plain.var(0).sum()
