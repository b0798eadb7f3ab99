"""What exact moments refuse, and the coordinates in which the data enter."""

import pytest
import torch

import tests.grid as grid
from straightedge.estimators.exact import Exact
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.moment.basis import basis, unit_basis
from straightedge.estimators.moment.chain import ChainPlan
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.muprop import Muprop
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.unit


def test_too_wide_is_refused_before_it_starts():
    network = grid.network((30, 30), CrossEntropy())
    assert not available(StraightThrough(), network)
    with pytest.raises(Unsuitable, match=r"widths 30-30 take [\d.e+]+ operations and [\d.e+]+ GiB"):
        exact_moments(StraightThrough(), network)


def test_too_much_memory_is_refused(monkeypatch):
    network = grid.network((4, 4), CrossEntropy())
    monkeypatch.setattr("straightedge.estimators.moment.plan.memory", lambda: 1000)
    with pytest.raises(Unsuitable, match="are allowed; sample this estimator"):
        exact_moments(StraightThrough(), network)
    assert not available(StraightThrough(), network)


def test_cost_grows_with_everything():
    sizes = [ChainPlan(grid.network(*args, points=points), StraightThrough()).cost()
             for args, points in ((((5, 5), CrossEntropy()), 10), (((5, 5), CrossEntropy()), 20), (((5, 6), CrossEntropy()), 10),
                                  (((5, 5, 5), CrossEntropy()), 10), (((5, 5), CrossEntropy(), 5), 10))]
    assert all(larger[0] > sizes[0][0] for larger in sizes[1:])


def test_an_estimator_without_randomness_is_its_own_mean():
    network = grid.network((3, 2), CrossEntropy())
    for estimator in (Exact(), MeanField()):
        found = exact_moments(estimator, network)
        assert torch.equal(found.mean, estimator(network, 1, torch.Generator())[0])
        assert found.trace() == 0
    torch.testing.assert_close(exact_moments(Exact(), network).mean, exact_gradient(network))


def test_what_nobody_knows_is_refused():
    network = grid.network((3, 2), CrossEntropy())
    assert not available(Muprop(), network)
    with pytest.raises(Unsuitable, match="Muprop: no exact moments are known"):
        exact_moments(Muprop(), network)


def test_trace_by_layer_adds_up():
    network = grid.network((3, 2), CrossEntropy())
    found = exact_moments(StraightThrough(), network)
    total = sum(found.trace(part) for part in network.groups.values())
    assert abs(found.trace() - total) < 1e-12 * total


@pytest.mark.parametrize("kind", [basis, unit_basis])
@pytest.mark.parametrize("points", [3, 40])
def test_basis(kind, points):
    w = torch.randn(points, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = torch.cat((w, w[:2]))
    values = torch.randn(3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = kind(w)
    torch.testing.assert_close(found.linear @ found.first(values), w @ values)
    torch.testing.assert_close(found.quadratic @ found.second(values), (w @ values).square())
    assert len(found.pairs) == (6 if kind is unit_basis or points > 6 else points)


def test_added_to_the_last_square():
    w, added = torch.ones(2, 3, dtype=torch.float64), torch.tensor([0.0, 5.0], dtype=torch.float64)
    values = torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    found = unit_basis(w, added)
    assert (found.quadratic @ found.second(values)).flatten().tolist() == [36.0, 36.0 + 5 * 9.0]
