"""Losses against torch's own, and the labels that do not fit."""

import pytest
import torch
import torch.nn.functional as F

from straightedge.estimators.network.loss import LOSSES, CrossEntropy, LabelError, LogisticLoss, SquaredError, StateFunction

RNG = torch.Generator().manual_seed(0)
Z = 3 * torch.randn(4, 7, 3, generator=RNG, dtype=torch.float64)


def test_cross_entropy():
    y = torch.tensor([0, 1, 2, 0, 1, 2, 2])
    loss = CrossEntropy()
    got = loss(Z, loss.coefficients(y, Z))
    want = F.cross_entropy(Z.flatten(0, 1), y.repeat(4), reduction="none").view(4, 7)
    torch.testing.assert_close(got, want, rtol=1e-13, atol=0)


def test_logistic():
    y = torch.tensor([1, -1, 1, 1, -1, -1, 1])
    z, loss = Z[..., :1], LogisticLoss()
    want = F.softplus(-(y * z[..., 0]), threshold=100)
    torch.testing.assert_close(loss(z, loss.coefficients(y, z)), want, rtol=1e-13, atol=0)
    far = torch.tensor([[-800.0], [800.0]], dtype=torch.float64)
    torch.testing.assert_close(loss(far, loss.coefficients(torch.tensor([1, 1]), far)), torch.tensor([800.0, 0.0]).double())


def test_squared_error():
    y = torch.randn(7, 3, generator=RNG, dtype=torch.float64)
    loss = SquaredError()
    torch.testing.assert_close(loss(Z, loss.coefficients(y, Z)), (Z - y).square().sum(-1), rtol=1e-12, atol=1e-12)


def test_state_function():
    loss = StateFunction(lambda x: x.prod(-1))
    torch.testing.assert_close(loss(Z, loss.coefficients(torch.zeros(7), Z)), Z.prod(-1))


@pytest.mark.parametrize(("name", "labels", "outputs"), [
    ("cross_entropy", torch.tensor([0, 3]), 3), ("cross_entropy", torch.tensor([0.5, 1.0]), 3), ("cross_entropy", torch.zeros(2, 2), 3),
    ("logistic", torch.tensor([0, 1]), 1), ("logistic", torch.tensor([1, -1]), 2), ("squared_error", torch.zeros(2, 2), 3)])
def test_labels_that_do_not_fit(name, labels, outputs):
    with pytest.raises(LabelError, match="label|output"):
        LOSSES[name].coefficients(labels, torch.zeros(0, outputs, dtype=torch.float64))
