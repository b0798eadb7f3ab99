"""Accuracies against their definitions, and their unbiasedness on rows whose distribution is known.

Bands of 5 standard errors over replicates: a false alarm in about 2e6 for each number; each such test also shows that the plug-in
form, or another wrong one, falls outside.
"""

import numpy as np
import pytest
import torch
from scipy import stats

from straightedge.analysis.accuracy.accuracy import Accuracy, bias_score

G = torch.tensor([1.0, -2.0, 0.5, 0.0, 0.3], dtype=torch.float64)
GROUPS = {"first": slice(0, 2), "all": slice(0, 5)}
BIAS = torch.tensor([0.1, 0.0, -0.2, 0.0, 0.1], dtype=torch.float64)
SPREAD = torch.tensor([1.0, 2.0, 0.5, 1.0, 0.1], dtype=torch.float64)


def measured(rows, draws=(1,), step=None):
    accuracy = Accuracy(G, GROUPS, draws)
    for part in rows.split(step or len(rows)):
        accuracy.add(part)
    return {(group, metric, m): value for group, metric, m, value in accuracy.values()}


def replicates(bias, n=40, count=2000):
    rng = torch.Generator().manual_seed(1)
    return [measured(G + bias + SPREAD * torch.randn(n, 5, generator=rng, dtype=torch.float64), (1, 4)) for _ in range(count)]


def test_definitions():
    rows = G + SPREAD * torch.randn(60, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    got, array, g = measured(rows, (1, 6)), rows.numpy(), G.numpy()
    mean, variance = array.mean(0), array.var(0, ddof=1)
    assert got["all", "variance", 1] == pytest.approx(variance.sum())
    assert got["all", "bias2", 1] == pytest.approx(((mean - g) ** 2).sum() - variance.sum() / 60)
    assert got["first", "along", 1] == pytest.approx(mean[:2] @ g[:2] / (g[:2] @ g[:2]))
    assert got["all", "descent", 1] == np.mean(array @ g > 0)
    assert got["all", "mse", 6] == pytest.approx(got["all", "bias2", 1] + variance.sum() / 6)
    blocks = array.reshape(10, 6, 5).mean(1)
    cosine = (blocks @ g) / np.linalg.norm(blocks, axis=1) / np.linalg.norm(g)
    assert got["all", "cosine", 6] == pytest.approx(cosine.mean())


@pytest.mark.parametrize("step", [1, 7, 60])
def test_chunks_do_not_matter(step):
    rows = 1e3 + torch.randn(60, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole, chunked = measured(rows, (1, 5, 25)), measured(rows, (1, 5, 25), step)
    for key, value in whole.items():
        assert chunked[key] == pytest.approx(value, rel=1e-9), key


def test_unbiased_metrics():
    truth = {"bias2": float(BIAS @ BIAS), "variance": float(SPREAD @ SPREAD), "length2": float((G + BIAS) @ (G + BIAS)),
             "along": float((G + BIAS) @ G / (G @ G))}
    found = replicates(BIAS)
    for metric, value in truth.items():
        sample = np.array([one["all", metric, 1] for one in found])
        error = sample.std(ddof=1) / len(sample) ** 0.5
        assert abs(sample.mean() - value) < 5 * error, metric
        if metric == "bias2":  # the plug-in form reports the noise tr S / n as bias, and would be seen
            plug_in = sample + np.array([one["all", "variance", 1] for one in found]) / 40
            assert abs(plug_in.mean() - value) > 20 * error
    mse = np.array([one["all", "mse", 4] for one in found])
    assert abs(mse.mean() - (truth["bias2"] + truth["variance"] / 4)) < 5 * mse.std(ddof=1) / len(mse) ** 0.5


def test_bias_score_is_standard_normal_without_bias_and_large_with():
    null = [one["all", "bias_z", 1] for one in replicates(torch.zeros(5).double(), n=400, count=1000)]
    assert stats.kstest(null, "norm").pvalue > 1e-4
    assert np.mean([one["all", "bias_z", 1] for one in replicates(BIAS, n=400, count=20)]) > 4


def test_bias_score_of_estimates_without_variance():
    zero = torch.zeros(3, dtype=torch.float64)
    assert bias_score(zero, zero, 10, 1.0) < 0
    assert bias_score(zero + 1e-16, zero, 10, 1.0) < 3
    assert bias_score(zero + 1e-3, zero, 10, 1.0) > 100


def test_bias2_floor_is_the_error_of_bias2_without_bias():
    """For independent normal coordinates, sd(bias2) = sqrt(2 sum S_ii^2) / n to first order."""
    found = replicates(torch.zeros(5).double())
    deviation = np.std([one["all", "bias2", 1] for one in found], ddof=1)
    assert np.mean([one["all", "bias2_floor", 1] for one in found]) == pytest.approx(deviation, rel=0.1)
