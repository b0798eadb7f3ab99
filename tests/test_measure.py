"""A cell whose exact moments turn out to be out of reach only on the way is sampled, or refused where sampling was forbidden."""

from dataclasses import dataclass

import pytest
import torch

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.measure import measure_cell
from straightedge.analysis.problem.given import network
from straightedge.estimators.base import Rule
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.sampled

PROBLEM = network([torch.eye(2), 2 * torch.ones(3, 2), torch.ones(2, 3)], None, torch.eye(2), [0, 1])
"""Of pre-activations over 3 in the second layer only, which the quick look of `available` does not see."""


@dataclass(frozen=True)
class Rough(Rule):
    """Straight-through whose derivative, at pre-activations over 3, jumps so often in u that its quadrature cannot converge."""

    def unit(self, a, u, noise):
        p = noise.cdf(a)
        return 2.0 * (u < p) - 1 + 2 * (p - p.detach()) * ((a < 3) | ((5000 * u).sin() > 0))


def test_rough_rule_looks_available_and_is_not():
    """Else the test below tests nothing."""
    built = PROBLEM.build()
    assert available(Rough(), built)
    with pytest.raises(Unsuitable):
        exact_moments(Rough(), built)


def test_auto_falls_back_to_sampling():
    records = measure_cell(Cell(PROBLEM, Rough(), rows=50, seeds=2)).records
    assert set(records[records.metric != "loss"].method) == {"sampled"}
    kept = measure_cell(Cell(PROBLEM, StraightThrough(), rows=50, seeds=2)).records
    assert set(kept[kept.metric == "bias2"].method) == {"exact"}


def test_exact_is_refused():
    with pytest.raises(InputError, match="no exact moments on this network; use method auto or sampled"):
        measure_cell(Cell(PROBLEM, Rough(), rows=50, seeds=2, method="exact"))
