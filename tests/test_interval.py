"""Intervals cover what they say: 300 repetitions of each, between 93 and 97 %, give or take the chance of 300: 91 to 99 %.

An interval that covers 95 % leaves that band once in 1000; the intervals by the spread of seeds that stood here before covered 77 to 91 %.
"""

import numpy as np
import pytest
import torch
from scipy.stats import t

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.averaged import relative_root
from straightedge.analysis.accuracy.interval import Estimate, Square, share
from straightedge.analysis.accuracy.metric import measured, values
from straightedge.analysis.accuracy.single import bias2, exact2
from straightedge.analysis.accuracy.tally import exact_tally, tally
from straightedge.analysis.accuracy.truth import Run, Truth
from straightedge.analysis.cell.until import Until

pytestmark = pytest.mark.sampled

G = torch.tensor([1.0, -2.0, 0.5, 0.0, 0.3], dtype=torch.float64)
GROUPS = {"all": slice(0, 5)}
BIAS = torch.tensor([0.1, 0.0, -0.1, 0.0, 0.1], dtype=torch.float64)
ONE = torch.tensor([[1.0, 2.0, -1.0, 0.5, 0.2]], dtype=torch.float64)
"""All coordinates err together: effective dimension 1."""
ALL = torch.eye(5, dtype=torch.float64)
REPETITIONS = 300


def rows(n, factor, bias, rng):
    return G + bias + torch.randn(n, len(factor), generator=rng, dtype=torch.float64) @ factor


def records(factor, bias, seeds=2, n=300, run=0):
    """Records of so many repetitions; against a run of `run` rows where that is given."""
    rng = torch.Generator().manual_seed(2)
    for _ in range(REPETITIONS):
        truth = Truth(G, GROUPS)
        if run:
            reference = Accuracy(Truth(0 * G, {}), ())
            reference.add(rows(run, factor, 0, rng))
            truth = Truth(reference.sums.mean, GROUPS, run=Run(reference.sums, reference.blocks))
        replicates = [Accuracy(truth, (1,)) for _ in range(seeds)]
        for one in replicates:
            one.add(rows(n, factor, bias, rng))
        yield replicates


def covered(found: list[Estimate], truth: float) -> float:
    return float(np.mean([one.low - 1e-12 <= truth <= one.high + 1e-12 for one in found]))


@pytest.mark.parametrize(("factor", "bias"), ((ALL, BIAS), (ONE, 0 * BIAS)), ids=("dimension 5, biased", "dimension 1, unbiased"))
def test_coverage(factor, bias):
    truth = exact_tally(Truth(G, GROUPS), "all", G + bias, (factor**2).sum(0))
    found = [tally(one, "all") for one in records(factor, bias)]
    for metric, draws in (("bias2", 1), ("variance", 1), ("along", 1), ("rmse_relative", 1000), ("rmse_rescaled", 1000), ("efficiency", 1)):
        intervals = [measured(one, metric, draws) for one in found]
        assert all(np.isfinite([one.value, one.low, one.high]).all() for one in intervals), metric
        assert 0.91 <= covered(intervals, measured(truth, metric, draws).value) <= 0.99, (metric, draws)


def test_a_mean_over_two_seeds_of_bias2_does_not_cover():
    """Shown able to fail: what stood here before, Student's t over two seeds, on the same rows, with its square root cut at zero."""
    hits = 0
    for replicates in records(ONE, 0 * BIAS, seeds=10, n=100):
        sample = np.array([values(tally([one], "all"), ())["bias2", 1] for one in replicates])
        half = t.ppf(0.975, 9) * sample.std(ddof=1) / 10**0.5
        hits += sample.mean() - half <= 0 <= sample.mean() + half
    assert hits / REPETITIONS < 0.91


def test_descent_covers_and_the_spread_of_two_seeds_does_not():
    rng, intervals, seeds = np.random.default_rng(0), [], []
    for _ in range(2000):
        hits = rng.binomial(50, 0.9, 2)
        intervals.append(share(int(hits.sum()), 100))
        half = t.ppf(0.975, 1) * np.std(hits / 50, ddof=1) / 2**0.5
        seeds.append(Estimate(hits.mean() / 50, half, hits.mean() / 50 - half, hits.mean() / 50 + half))
    assert 0.93 <= covered(intervals, 0.9) <= 0.97 and covered(seeds, 0.9) < 0.93
    assert share(0, 10).low == 0 and share(10, 10).high == 1


@pytest.mark.parametrize("run", (500, 5000))
def test_a_runs_error_is_in_every_interval(run):
    """Without it, against 500 rows, `along` covers less than half."""
    factor = 2 * ALL
    truth = exact_tally(Truth(G, GROUPS), "all", G + BIAS, (factor**2).sum(0))
    found = [tally(one, "all") for one in records(factor, BIAS, 4, 1000, run)]
    for metric, draws, most in (("bias2", 1, 0.99), ("along", 1, 0.99), ("exact2", 1, 0.99), ("rmse_relative", 100, 1.0)):
        assert 0.9 <= covered([measured(one, metric, draws) for one in found], measured(truth, metric, draws).value) <= most, metric
    if run == 500:
        blind = [Estimate.normal(one.value, float(tally_.projection.variance / tally_.n) ** 0.5 / tally_.length) for tally_ in found
                 for one in [measured(tally_, "along")]]
        assert covered(blind, measured(truth, "along").value) < 0.6


def test_square_in_one_dimension_is_the_folded_normal():
    """|b + e|^2 in one dimension: seen 9 at variance 1 is b = 3 +- 1.96; seen nothing: 0 is in the interval."""
    found = Square(9.0, 1.0, 1.0, 1.0).estimate()
    assert (found.low**0.5, found.high**0.5) == pytest.approx((3 - 1.96, 3 + 1.96), abs=0.2)
    assert Square(0.5, 1.0, 1.0, 1.0).estimate().low == 0 and Square(0.0, 1.0, 1.0, 1.0).bound() > 1


def test_until_twice_running_covers():
    """Bias, half-width 10 % of |g|, unbiased: 150 runs.  Once is no better than twice."""
    hits, rng = {1: 0, 2: 0}, torch.Generator().manual_seed(5)
    until = Until("bias", 0.1)
    for _ in range(REPETITIONS // 2):
        replicates = [Accuracy(Truth(G, GROUPS), ()) for _ in range(2)]
        held, n = 0, 200
        for one in replicates:
            one.add(rows(n, 2 * ALL, 0, rng))
        while held < 2:
            held = held + 1 if until.met(replicates) else 0
            if held:
                found = tally(replicates, "all")
                hits[held] += relative_root(bias2(found), exact2(found)).low == 0
            for one in replicates:
                one.add(rows(n, 2 * ALL, 0, rng))
            n *= 2
    assert hits[2] / (REPETITIONS // 2) >= 0.89 and hits[2] >= hits[1]
