"""The benchmark's hand-written estimates, its loop and its joint enumeration give the engine's gradients.  No wall time is compared."""

import pytest
import torch

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.sum.cost import exact_cost
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.bench import timing
from straightedge.experiments.bench.ceiling import CEILING, loop
from straightedge.experiments.bench.joint import floor_operations, joint_gradient

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def network():
    return Points((3, 2, 4), points=7).build()


def seeded():
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("name", CEILING)
def test_ceiling_is_the_engine(network, name):
    engine = registry()[name]()(network, 6, seeded())
    assert (CEILING[name](network, 6, seeded()) - engine).abs().max() < 1e-12


@pytest.mark.parametrize("name", CEILING)
def test_loop_is_the_ceiling(network, name):
    """One row: with more, the loop draws in another order."""
    assert (loop(name, network, 1, seeded()) - CEILING[name](network, 1, seeded())).abs().max() < 1e-12


def test_a_wrong_ceiling_would_be_seen(network):
    engine = registry()["straight_through"]()(network, 6, seeded())
    assert (CEILING["st_gumbel"](network, 6, seeded()) - engine).abs().max() > 1e-3


def test_joint_enumeration_is_exact(network):
    assert (joint_gradient(network) - exact_gradient(network)).abs().max() < 1e-12


def test_floor_counts_what_the_cost_counts(network):
    assert floor_operations(network) == exact_cost(network).operations


@pytest.mark.parametrize(("lasts", "calls", "kept"), ((3.0, 1, 1), (0.1, 6, 5), (0.02, 15, 14)))
def test_short_calls_are_repeated_and_long_ones_are_not(monkeypatch, lasts, calls, kept):
    """The first call warms up; five repeats, or as many as last .3 s with it; a call of half the cap or more is timed once."""
    clock = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])
    made = []

    def call():
        made.append(clock[0])
        clock[0] += lasts if len(made) > 1 or lasts > 1 else 0.03

    found = timing.times(call, repeats=5, cap=5.0)
    assert (len(made), len(found)) == (calls, kept) and found == pytest.approx([lasts] * kept)


def test_the_summary_of_times():
    assert timing.summary([3.0, 1.0, 2.0, 9.0]) == {"seconds": 2.5, "low": 1.0, "high": 9.0, "repeats": 4}
