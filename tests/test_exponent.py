"""The law of exponents is found where there is one, and rank correlations and their intervals are what they say."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from straightedge.analysis.accuracy.exponent import Surface, exponents, found_law, law_words
from straightedge.analysis.accuracy.rank import averaged, correlation, spearman

pytestmark = pytest.mark.exact

GRID = (0.0, 0.25, 0.5, 0.75, 1.0)


def surface(saturation, draws, g, h):
    """A smooth hill whose top is at (g, h)."""
    rows = [{"g": a, "h": b, "efficiency": 1 - (a - g) ** 2 - (b - h) ** 2, "label": "x"} for a in GRID for b in GRID]
    rows.append({"g": np.nan, "h": np.nan, "efficiency": 0.3, "label": "other"})
    return Surface(pd.DataFrame(rows).assign(saturation=saturation, draws=draws, judged=False, trained=True))


def test_surface():
    one = surface(0.5, 10, 0.25, 1.0)
    assert (one.g, one.h, one.best) == (0.25, 1.0, 1.0) and one.others["other"] == 0.3
    assert one(0.25, 1.0) == pytest.approx(1) and one(0.125, 1.0) == pytest.approx((1 + 1 - 0.0625) / 2)
    assert one(-3.0, 7.0) == one(0.0, 1.0)


def test_a_law_is_found_again():
    """Tops that follow a law: what is found is as good as the law itself, and better than any fixed place."""
    law = np.array([1.1, -0.9, 0.05, 0.9, 0.2, -0.25])
    parts = [surface(s, m, *exponents(law, s, m)) for s in np.linspace(0.1, 0.95, 8) for m in (1, 10, 100, 1000)]
    mean = lambda rule: np.mean([part(*rule(part)) for part in parts])  # noqa: E731
    found = found_law(parts)
    own = mean(lambda part: exponents(found, part.saturation, part.draws))
    assert own >= mean(lambda part: exponents(law, part.saturation, part.draws)) - 2e-3
    assert own > max(mean(lambda part, place=(g, h): place) for g in GRID for h in GRID) + 0.02
    assert "S" in law_words(found) and "log M" in law_words(found)


def test_exponents_are_cut():
    assert exponents(np.array([2.0, 0, 0, -1.0, 0, 0]), 0.5, 10) == (1.0, 0.0)
    assert exponents(np.array([0.1, 0.2, 0.3, 0.0, 0.0, 0.25]), 0.5, 100) == pytest.approx((0.8, 0.5))


def test_spearman_is_scipys():
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, y = rng.integers(0, 5, 12).astype(float), rng.normal(size=12)
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert np.isnan(spearman(np.ones(4), np.arange(4.0)))


@pytest.mark.sampled
def test_correlation_covers():
    """60 draws of 12 things in 3 replicates whose true correlation is high or zero: the interval holds the large-sample value in at least
    80 % (a bootstrap over twelve things is short), and excludes zero where the order is the same."""
    rng, held, apart = np.random.default_rng(1), 0, 0
    big = rng.normal(size=200_000)
    truth = spearman(big, big + rng.normal(size=big.size))
    for _ in range(60):
        x = rng.normal(size=(1, 1, 12)).repeat(3, 1)
        y = x + rng.normal(size=(1, 1, 12))
        found = correlation(x, y)
        held += found.low <= truth <= found.high
        apart += correlation(x, x + 0.01 * y).low > 0.5
    assert held >= 48 and apart == 60
    x, y = rng.normal(size=(2, 3, 9)), rng.normal(size=(2, 3, 9))
    assert averaged(x, y) == pytest.approx(np.mean([spearmanr(x[k].mean(0), y[k].mean(0)).statistic for k in range(2)]))
