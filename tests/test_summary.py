"""Summaries: records of the whole stand, costs are averaged over seeds, incomplete tables are refused."""

import numpy as np
import pandas as pd
import pytest

from straightedge.analysis.accuracy.summary import COLUMNS, known, summary

pytestmark = pytest.mark.unit


def records(seeds=4, method="sampled", detected=False):
    rows = [{"group": "all", "metric": "bias2", "draws": 1, "seed": -1, "method": method, "rows": 100, "value": 0.04, "error": 0.01,
             "low": 0.02, "high": 0.06, "verdict": "a sentence", "outcome": "not detected", "detected": detected, "bound": 0.3}]
    for seed in range(seeds):
        rows += [{"group": "all", "metric": metric, "draws": 1, "seed": seed, "method": "sampled", "rows": 100, "value": value}
                 for metric, value in (("bias2", 1.0 + seed), ("mse", 2.0), ("seconds", 1.0 + seed))]
    return pd.DataFrame(rows)


def test_the_whole_stands_and_costs_are_averaged():
    table = summary(records()).set_index("metric")
    assert list(table.reset_index()[COLUMNS]) == COLUMNS and set(table.index) == {"bias2", "seconds"}
    assert table.loc["bias2", ["value", "low", "high"]].to_list() == [0.04, 0.02, 0.06] and table.loc["bias2", "seeds"] == 4
    seconds = table.loc["seconds"]
    assert seconds.value == 2.5 and seconds.error == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 2)
    assert seconds.high - seconds.value == pytest.approx(3.182 * seconds.error, rel=1e-3)
    assert pd.isna(seconds.detected) and seconds.verdict == "" and not table.loc["bias2", "detected"]


def test_what_is_known():
    assert not known(summary(records())).iloc[0]
    assert known(summary(records(detected=True))).iloc[0] and known(summary(records(method="exact"))).iloc[0]
    assert not known(summary(records(detected=None))).iloc[0]


def test_incomplete_tables_are_refused():
    frame = records()
    with pytest.raises(ValueError, match="twice"):
        summary(pd.concat([frame, frame[:1]]))
    with pytest.raises(ValueError, match="incomplete"):
        summary(frame.drop(index=1))
