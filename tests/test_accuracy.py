"""Metrics against their definitions, and their unbiasedness on rows whose distribution is known.

Bands of 5 standard errors over replicates: a false alarm in about 2e6 for each number; each such test also shows that the plug-in
form, or another wrong one, falls outside.
"""

import numpy as np
import pytest
import torch

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.metric import AVERAGED, SINGLE, measured, values
from straightedge.analysis.accuracy.sums import Sums
from straightedge.analysis.accuracy.tally import exact_tally, tally
from straightedge.analysis.accuracy.truth import Truth

pytestmark = pytest.mark.unit

G = torch.tensor([1.0, -2.0, 0.5, 0.0, 0.3], dtype=torch.float64)
GROUPS = {"first": slice(0, 2), "all": slice(0, 5)}
BIAS = torch.tensor([0.1, 0.0, -0.2, 0.0, 0.1], dtype=torch.float64)
SPREAD = torch.tensor([1.0, 2.0, 0.5, 1.0, 0.1], dtype=torch.float64)
TRUTH = Truth(G, GROUPS)


def gathered(rows, draws=(1,), step=None, truth=TRUTH):
    accuracy = Accuracy(truth, draws)
    for part in rows.split(step or len(rows)):
        accuracy.add(part)
    return accuracy


def normal(n, seed=0):
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_definitions():
    rows = G + SPREAD * normal(60)
    accuracy, array, g = gathered(rows, (1, 6)), rows.numpy(), G.numpy()
    whole, first = (tally([accuracy], name) for name in ("all", "first"))
    mean, variance = array.mean(0), array.var(0, ddof=1)
    assert measured(whole, "variance").value == pytest.approx(variance.sum())
    assert measured(whole, "bias2").value == pytest.approx(((mean - g) ** 2).sum() - variance.sum() / 60)
    assert measured(first, "along").value == pytest.approx(mean[:2] @ g[:2] / (g[:2] @ g[:2]))
    assert measured(whole, "descent").value == np.mean(array @ g > 0)
    assert values(whole, (6,))["mse", 6] == pytest.approx(((mean - g) ** 2).sum() - variance.sum() / 60 + variance.sum() / 6)
    blocks = array.reshape(10, 6, 5).mean(1)
    cosine = (blocks @ g) / np.linalg.norm(blocks, axis=1) / np.linalg.norm(g)
    assert measured(whole, "cosine", 6).value == pytest.approx(cosine.mean())


@pytest.mark.parametrize("step", [1, 7, 60])
def test_chunks_do_not_matter(step):
    rows = 1e3 + normal(60)
    whole, chunked = (tally([gathered(rows, (1, 5, 25), size)], "all") for size in (None, step))
    for metric in (*SINGLE, *AVERAGED):
        for draws in (1, 5, 25):
            one, other = measured(whole, metric, draws), measured(chunked, metric, draws)
            assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), rel=1e-6), metric


def test_sums_merge_exactly():
    """The four moments of two parts are those of the whole, whatever the parts' lengths."""
    rows = torch.empty(101, 3, dtype=torch.float64).exponential_(generator=torch.Generator().manual_seed(0))
    whole, merged = Sums.of(rows), Sums.of(rows[:30]) + Sums.of(rows[30:31]) + Sums.of(rows[31:])
    for name in ("mean", "second", "third", "fourth"):
        torch.testing.assert_close(getattr(merged, name), getattr(whole, name), rtol=1e-10, atol=1e-10)
    assert whole.n == merged.n == 101


def test_seeds_are_one_sample():
    """The record of four seeds is that of all their rows at once."""
    rows = G + SPREAD * normal(400)
    apart = tally([gathered(part) for part in rows.split(100)], "all")
    for metric in ("bias2", "variance", "along", "descent"):
        assert measured(apart, metric).value == pytest.approx(measured(tally([gathered(rows)], "all"), metric).value)


def test_unbiased_metrics():
    truth = {"bias2": float(BIAS @ BIAS), "variance": float(SPREAD @ SPREAD)}
    rng = torch.Generator().manual_seed(1)
    found = [tally([gathered(G + BIAS + SPREAD * torch.randn(40, 5, generator=rng, dtype=torch.float64))], "all") for _ in range(300)]
    samples = {name: np.array([values(one, (1,))[name, 1] for one in found]) for name in truth}
    for metric, value in truth.items():
        error = samples[metric].std(ddof=1) / 300**0.5
        assert abs(samples[metric].mean() - value) < 5 * error, metric
        if metric == "bias2":  # the plug-in form reports the noise tr S / n as bias, and would be seen
            assert abs((samples[metric] + samples["variance"] / 40).mean() - value) > 8 * error


def test_efficiency_from_exact_moments():
    """1 / (1 + noise / signal / M) without bias; cos^2 without variance; free of scale."""
    noise = float(SPREAD @ SPREAD) / float(G @ G)
    for draws in (1, 100):
        assert measured(exact_tally(TRUTH, "all", G, SPREAD**2), "efficiency", draws).value == pytest.approx(1 / (1 + noise / draws))
    turned = G + BIAS
    cosine = float(turned @ G / turned.norm() / G.norm())
    for scale in (1.0, -3.0, 1e-6):
        found = measured(exact_tally(TRUTH, "all", scale * turned, 0 * G), "efficiency", 1)
        assert found.value == found.low == pytest.approx(cosine**2) != pytest.approx(cosine)


def test_a_zero_mean_has_cosine_zero_and_a_zero_gradient_has_none():
    rows = torch.zeros(4, 5, dtype=torch.float64)
    rows[0] = G
    found = tally([gathered(rows)], "all")
    assert measured(found, "cosine").value == pytest.approx(0.25) and measured(found, "descent").value == 0.25
    none = Truth(0 * G, GROUPS)
    found = tally([gathered(rows, truth=none)], "all")
    assert all(np.isnan(measured(found, metric).value) for metric in ("cosine", "descent", "along", "rmse_relative", "efficiency"))
    assert measured(found, "bias2").value == pytest.approx(float(G @ G) / 16 - measured(found, "variance").value / 4)


def test_nan_is_nowhere_zero():
    """One NaN among the rows: every metric of its groups is NaN, of the others none."""
    rows = G + SPREAD * normal(40)
    rows[7, 3] = torch.nan
    accuracy = gathered(rows)
    for metric in (*SINGLE, *AVERAGED):
        assert np.isnan(measured(tally([accuracy], "all"), metric).value), metric
        assert np.isfinite(measured(tally([accuracy], "first"), metric).value), metric
    assert all(np.isnan(value) for value in values(tally([accuracy], "all"), (1,)).values())
