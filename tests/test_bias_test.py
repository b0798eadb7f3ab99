"""The test of bias: its false-alarm rate under heavy tails, exactly; its power; rows without variance."""

import pytest
import torch
from scipy.stats import binom, norm

from straightedge.analysis.accuracy.bias_test import EVENTS, BiasTest, critical

pytestmark = pytest.mark.sampled


def tallied(counts: torch.Tensor, n: int, p: float) -> BiasTest:
    """Tests of n rows each, one a coordinate, of which `counts` rows are 1 - p and the others -p; their mean is zero if right."""
    test = BiasTest(torch.zeros(len(counts), dtype=torch.float64))
    test.n = n
    test.sums = torch.stack([counts * (1 - p) ** power + (n - counts) * (-p) ** power for power in (1, 2, 3)])
    return test


def alarms(events: float, n: int = 100_000) -> tuple[float, float, float]:
    """P(|z| > 5.5) with the correction for skewness and without it, and P(no event is seen), summed over the binomial distribution."""
    counts = torch.arange(0, n + 1, dtype=torch.float64)
    weights = torch.from_numpy(binom.pmf(counts.numpy(), n, events / n))
    test = tallied(counts, n, events / n)
    plain = test.bias / test.error
    return tuple(float(weights[where].sum()) for where in (test.z.abs() > 5.5, plain.abs() > 5.5, counts == 0))


@pytest.mark.parametrize("events", (20, 25, 50, 100, 1000, 10000))
def test_false_alarms_of_rare_events(events):
    """Never above the normal 3.8e-8, by exact summation: rare events are the tails that saturated units give."""
    assert alarms(events)[0] < 2 * norm.sf(5.5)


def test_without_the_correction_false_alarms_are_common():
    """Ninety times the nominal rate at 100 events, over a thousand times at 25."""
    assert alarms(100)[1] > 90 * 2 * norm.sf(5.5)
    assert alarms(25)[1] > 1000 * 2 * norm.sf(5.5)


def test_events_that_were_never_seen_are_not_told():
    """With two events expected, all false alarms are runs that saw none: enough rows to expect 25 must be drawn."""
    corrected, _, unseen = alarms(2)
    assert corrected == pytest.approx(unseen)
    assert unseen == pytest.approx(torch.tensor(-2.0).exp().item(), rel=1e-4)


def test_too_few_events_are_not_judged():
    few, many = tallied(torch.tensor([5.0, 400.0], dtype=torch.float64), 100_000, 1e-4).judged
    assert not few and many
    assert EVENTS == 25


def test_power_is_as_stated():
    """A bias of the size that is said to be visible with probability 95 % is seen in 95 +- 4 of 100 runs."""
    rng, g = torch.Generator().manual_seed(0), torch.tensor([3.0, -4.0], dtype=torch.float64)
    seen = 0
    for _ in range(200):
        noise = torch.randn(400, 2, generator=rng, dtype=torch.float64)
        test = BiasTest(g)
        test.add(g + noise)
        shift = test.visible(1e-3) * float(g.norm())
        biased = BiasTest(g)
        biased.add(g + noise + torch.tensor([shift, 0.0], dtype=torch.float64))
        seen += bool(biased.alarm(1e-3))
    assert 178 <= seen <= 200  # 190 expected; 178 is 3.9 standard deviations below


def test_no_false_alarm_in_a_thousand_runs_at_one_in_ten_thousand():
    rng, g = torch.Generator().manual_seed(1), torch.tensor([1.0, 0.0, 2.0], dtype=torch.float64)
    for _ in range(1000):
        test = BiasTest(g)
        test.add(g + torch.empty(50, 3, dtype=torch.float64).exponential_(generator=rng) - 1)
        assert not test.alarm(1e-4)


def test_rows_without_variance_are_held_against_rounding():
    g = torch.tensor([0.3, -0.7, 0.0], dtype=torch.float64)
    for dtype, error in ((torch.float64, 1e-6), (torch.float32, 1e-2)):
        right, wrong = BiasTest(g), BiasTest(g)
        right.add(g.to(dtype).expand(4, -1))
        wrong.add((g * (1 + error)).to(dtype).expand(4, -1))
        assert not right.alarm(1e-6)
        assert "mean/exact along the gradient" in wrong.alarm(1e-6)


def test_zero_gradient():
    """Rounding around zero is no bias where the loss is of size 2; a thousandth of it is."""
    for value, biased in ((1e-15, False), (2e-3, True)):
        test = BiasTest(torch.zeros(3, dtype=torch.float64), 2.0)
        test.add(torch.full((10, 3), value, dtype=torch.float64))
        assert bool(test.alarm(1e-6)) == biased


def test_multiplicity():
    assert critical(1, 0.05) == pytest.approx(norm.ppf(0.975))
    assert critical(100, 0.05) == pytest.approx(norm.ppf(1 - 0.025 / 100))
