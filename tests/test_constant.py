"""What draws no random numbers is found once, whatever is measured of it."""

from dataclasses import dataclass

import pytest
import torch

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.constant import constant, network_of
from straightedge.analysis.cell.measure import forget, measure_cell
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.exact import Exact
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum import expectation

pytestmark = pytest.mark.exact

PROBLEM = Points((2, 3), points=5)


@dataclass(frozen=True)
class Liar(Exact):
    """Says that it draws nothing, and draws once for all rows of a call."""

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng) * torch.rand(1, generator=rng, dtype=network.theta.dtype)


@pytest.fixture
def found(monkeypatch):
    """The numbers of networks whose gradients were found."""
    counts, right = [], expectation.exact_gradients
    monkeypatch.setattr(expectation, "exact_gradients", lambda networks: counts.append(len(networks)) or right(networks))
    forget()
    yield counts
    forget()


@pytest.mark.parametrize("method", ("auto", "exact", "sampled"))
def test_the_exact_gradient_is_found_once(found, method):
    for estimator in (Exact(), MeanField(), Reinforce()):
        measure_cell(Cell(PROBLEM, estimator, rows=20, seeds=3, draws=(1, 200), method=method))
    assert found == [1]
    forget()
    measure_cell(Cell(PROBLEM, Exact(), rows=20, seeds=3, method=method))
    assert found == [1, 1]


def test_its_row_is_the_gradient():
    row = constant(PROBLEM, "cpu", "float64", Exact())
    assert row is not None and row.seconds > 0 and row.forwards == row.backwards == 0
    assert torch.equal(row.row, expectation.exact_gradient(network_of(PROBLEM, "cpu", "float64")))


def test_what_draws_is_not_taken_at_its_word():
    """One call of the liar gives equal rows; its moments are refused, and its rows differ from seed to seed."""
    assert constant(PROBLEM, "cpu", "float64", Liar()) is None and constant(PROBLEM, "cpu", "float64", Reinforce()) is None
    records = measure_cell(Cell(PROBLEM, Liar(), rows=20, seeds=3)).records
    assert set(records[records.metric == "variance"].method) == {"sampled"}
