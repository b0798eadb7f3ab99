"""Exponents from the saturation: the law by hand, its ends, and tempered's own rows where it is constant."""

import pytest
import torch

from straightedge.analysis.check.ladder import layered
from straightedge.estimators.adaptive_tempered import AdaptiveTempered
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import LogisticLoss
from straightedge.estimators.tempered import Tempered

pytestmark = pytest.mark.exact


def test_one_layer_by_hand():
    """One layer: its saturation does not depend on the sample, so that it is tempered at the law's exponents."""
    network = layered((3, 4, 1), LogisticLoss(), [1, -1, 1], scale=2.0)
    p = torch.sigmoid(network.inputs @ network.layers[0][0].T + network.layers[0][1])
    s = float(1 - 4 * (p * (1 - p)).mean())
    for draws, shift in ((1, 0.0), (100, 2.0)):
        g, h = (min(1.0, max(0.0, value)) for value in (1.22 - 1.72 * s + 0.25 * shift, 0.23 + 0.78 * s - 0.16 * shift))
        rows = [one(network, 9, torch.Generator().manual_seed(0)) for one in (AdaptiveTempered(draws), Tempered(g, h))]
        torch.testing.assert_close(*rows, rtol=1e-12, atol=1e-14)
    assert not torch.allclose(rows[0], Tempered()(network, 9, torch.Generator().manual_seed(0)), rtol=1e-3)


def test_ends_of_the_law():
    g, h = AdaptiveTempered(1).exponents(torch.tensor((0.0, 1.0)))
    assert g.tolist() == [1.0, 0.0]
    torch.testing.assert_close(h, torch.tensor((0.23, 1.0)))
    with pytest.raises(InputError, match="1 or more"):
        AdaptiveTempered(0)
