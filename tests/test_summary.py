"""Summaries: means over seeds, intervals that cover, roots after averaging, verdicts, and refusal of incomplete tables."""

import numpy as np
import pandas as pd
import pytest

from straightedge.analysis.accuracy.summary import bound, estimate, rescaled, summary


def records(seeds=4, bias2=0.04, score=0.0, method="sampled"):
    rng, rows = np.random.default_rng(0), []
    for seed in range(seeds):
        values = {"bias2": bias2 + 0.01 * rng.normal(), "variance": 1.0, "length2": 1.1, "along": 1.0, "exact2": 1.0, "descent": 0.9,
                  "bias_z": score + rng.normal(), "bias2_floor": 0.01, "cosine": 0.5}
        rows += [{"group": "all", "metric": metric, "draws": 1, "seed": seed if method == "sampled" else -1, "method": method, "rows": 100,
                  "value": value} for metric, value in values.items()]
        rows.append(rows[-1] | {"metric": "mse", "draws": 25, "value": values["bias2"] + 1 / 25})
    return pd.DataFrame(rows)


def test_root_after_averaging():
    table = summary(records()).set_index("metric")
    frame = records()
    mse = frame[frame.metric == "mse"].value
    assert table.loc["rmse_relative", "value"] == pytest.approx(np.sqrt(mse.mean()))
    assert table.loc["rmse_relative", "low"] < table.loc["rmse_relative", "value"] < table.loc["rmse_relative", "high"]
    assert table.loc["rmse_relative", "draws"] == 25
    assert "mse" not in table.index


def test_intervals_cover():
    """95 % intervals of a mean over 4 seeds: 10 000 of them cover at 0.95 +- 5 standard errors; normal quantiles would not."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(10_000, 4))
    hits, narrow = 0, 0
    for sample in samples:
        row = estimate("along", 1, pd.Series(sample))
        hits += row["low"] < 0 < row["high"]
        narrow += abs(row["value"]) < 1.96 * row["error"]
    assert abs(hits / 10_000 - 0.95) < 5 * (0.95 * 0.05 / 10_000) ** 0.5
    assert narrow / 10_000 < 0.90


def test_the_upper_bound_covers_where_there_is_no_bias():
    """|bias| = 0.1, n large: the bound lies above it at least 95 % of the time, with 4 seeds."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(4000):
        sample = 0.01 + 0.01 * rng.normal(size=4)
        hits += bound(sample.mean(), sample.std(ddof=1) / 2, 1.0, 4, 0.01) >= 0.1
    assert hits / 4000 > 0.95 - 5 * (0.95 * 0.05 / 4000) ** 0.5


def test_verdicts():
    def said(**options):
        return summary(records(**options)).set_index("metric").loc["bias2", "verdict"]

    assert said(score=4.0).startswith("bias detected (z = ")
    assert "below" in said() and "at 95 %" in said()
    assert said(seeds=1) == "not detected; two seeds or more give a bound"
    assert said(method="exact", seeds=1).endswith("% (exact)")
    none = records(seeds=1, method="exact")
    none.loc[none.metric == "bias2", "value"] = 1e-30
    assert summary(none).set_index("metric").loc["bias2", "verdict"] == "no bias (exact, to rounding)"


def test_rescaled_error_of_an_estimate_with_the_right_direction_has_no_bias():
    """E r = 3 g: along 3, length2 9; rescaled by 1/3 only the variance 9 / (9 M) is left."""
    wide = {("along", 1): pd.Series({-1: 3.0}), ("length2", 1): pd.Series({-1: 9.0}), ("variance", 1): pd.Series({-1: 9.0}),
            ("exact2", 1): pd.Series({-1: 1.0})}
    assert rescaled(wide, 4)["value"] == pytest.approx(0.5)
    wide["along", 1] = pd.Series({-1: -3.0})  # the opposite direction: 2 |g| away
    assert rescaled(wide, 4)["value"] == pytest.approx(np.sqrt(4.25))


def test_incomplete_tables_are_refused():
    frame = records()
    with pytest.raises(ValueError, match="twice"):
        summary(pd.concat([frame, frame[:1]]))
    with pytest.raises(ValueError, match="incomplete"):
        summary(frame.drop(index=0))
