"""A cell whose exact moments turn out to be out of reach only on the way is sampled, or refused where sampling was forbidden."""

from dataclasses import dataclass

import pytest

from analysis.problem import Points
from estimators import moments
from estimators.base import Rule
from estimators.error import InputError
from estimators.reinforce import Reinforce
from estimators.straight_through import StraightThrough
from experiments.cell import Cell
from experiments.measure import measure
from experiments.sampling import chunk_rows

PROBLEM = Points((2, 3), points=10, scale=2.0, seed=1)
"""Of pre-activations over 3 in the second layer only, which the quick look of `available` does not see."""


@dataclass(frozen=True)
class Rough(Rule):
    """Straight-through whose derivative, at pre-activations over 3, jumps so often in u that its quadrature cannot converge."""

    def unit(self, a, u, noise):
        p = noise.cdf(a)
        return 2.0 * (u < p) - 1 + 2 * (p - p.detach()) * ((a < 3) | ((5000 * u).sin() > 0))


def test_rough_rule_looks_available_and_is_not():
    """Else the test below tests nothing."""
    network = PROBLEM.build()
    assert moments.available(Rough(), network)
    with pytest.raises(moments.Unsuitable):
        moments.moments(Rough(), network)


def test_auto_falls_back_to_sampling():
    records, _ = measure(Cell(PROBLEM, Rough(), rows=50, seeds=2))
    assert set(records.method) == {"sampled"}
    kept, _ = measure(Cell(PROBLEM, StraightThrough(), rows=50, seeds=2))
    assert set(kept[kept.metric == "bias2"].method) == {"exact"}


def test_exact_is_refused():
    with pytest.raises(InputError, match="no exact moments on this network; use method auto or sampled"):
        measure(Cell(PROBLEM, Rough(), rows=50, seeds=2, method="exact"))


@pytest.mark.parametrize(("samples", "rows"), ((1, 203), (4, 51), (100, 2)))
def test_chunks_of_estimates_of_many_samples_are_shorter(samples, rows):
    """64 MiB for 5-5-5 with 200 points: 8 (4 * 87 + 12 * samples * 200 * 17) bytes a row."""
    network = Points((5, 5, 5), points=200).build()
    assert chunk_rows(network, 64 << 20, samples) == rows == (64 << 20) // (8 * (4 * len(network.theta) + 12 * samples * 200 * 17))


def test_a_row_of_too_many_samples_is_refused():
    with pytest.raises(InputError, match=r"too small for one row of 1000 samples"):
        measure(Cell(Points((5, 5, 5), points=200), Reinforce(samples=1000), rows=10, seeds=2, method="sampled", memory=64))
