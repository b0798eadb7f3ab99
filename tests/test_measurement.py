"""The command `measure` end to end on networks that the package trains itself, and on the published one where it is at hand."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from straightedge.analysis.problem.archive import write
from straightedge.analysis.problem.classification import Points
from straightedge.experiments.command.measure import Options
from straightedge.experiments.command.measure import measured as result_of
from straightedge.experiments.command.terminal import readable

pytestmark = pytest.mark.sampled

TRAINED = Points((5, 5, 5), loss="logistic", states="01", steps=60)
PUBLISHED = Path(os.environ.get("STRAIGHTEDGE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "psa-5-5-5" / "chk100.npz"
COLUMNS = ["group", "metric", "draws", "value", "error", "low", "high", "rows", "seeds", "method"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "trained.npz"
    write(path, TRAINED.build())
    return path


def options(file, **changes):
    base = Options(network=file, estimator=("straight_through", "reinforce"), states="01", noise="logistic", loss="logistic", rows=1000,
                   draws=(1, 500), seeds=4, jobs=1)
    return replace(base, **changes)


def table_of(options):
    return result_of(options).table


def values(frame, metric, draws=1):
    """(estimator, group) -> (value, error) of a metric."""
    part = frame[(frame.metric == metric) & (frame.draws == draws)]
    return {(row.estimator, row.group): (row.value, row.error) for row in part.itertuples()}


def test_exact_and_sampled_agree(file):
    """Relative RMSE for M = 1 and 500 within 6 errors over 12 seeds (t with 11 degrees: one false alarm in 10 000 for each of 20);
    a straight-through error taken for REINFORCE's would be thousands of errors off."""
    exact = table_of(options(file, method="exact"))
    sampled = table_of(options(file, method="sampled", seeds=12))
    nature = ("loss", "saturation")  # of the network, known in one way whatever the method
    assert set(exact[~exact.metric.isin(nature)].method) == {"exact"} and set(sampled[~sampled.metric.isin(nature)].method) == {"sampled"}
    for draws in (1, 500):
        truth, found = values(exact, "rmse_relative", draws), values(sampled, "rmse_relative", draws)
        for key, (value, error) in found.items():
            if np.isfinite(error):
                assert abs(value - truth[key][0]) < 6 * error, (draws, key)
        assert abs(found["reinforce", "layer0"][0] - truth["straight_through", "layer0"][0]) > 50 * found["reinforce", "layer0"][1]


def test_columns_and_methods(file):
    frame = table_of(options(file))
    assert list(frame.columns[frame.columns.get_loc("group"):])[: len(COLUMNS)] == COLUMNS
    assert {"baseline", "samples"} <= set(frame.columns) and set(frame.group) == {"layer0", "layer1", "layer2", "layer3", "all", "hidden"}
    assert not frame.duplicated(["estimator", "group", "metric", "draws"]).any()
    assert set(frame[frame.metric == "bias2"].method) == {"exact"} and set(frame[frame.metric == "cosine"].method) == {"sampled"}
    assert (frame[frame.method == "exact"].error == 0).all()
    passes = values(frame, "forwards")
    assert passes["straight_through", "all"][0] == pytest.approx(1) and values(frame, "backwards")["reinforce", "all"][0] == 0
    assert "bias " in readable(frame)


def test_straight_through_is_biased_below_the_output_and_reinforce_is_not(file):
    found = table_of(options(file, method="sampled", rows=2000)).query("metric == 'bias2'").set_index(["estimator", "group"])
    assert found.outcome["straight_through", "layer1"] == "bias detected" and found.detected["straight_through", "layer1"]
    assert set(found.outcome["reinforce"]) == {"not detected"} and not found.detected["reinforce"].any()


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet"])
def test_files(file, tmp_path, ending):
    out = tmp_path / f"table{ending}"
    frame = table_of(options(file, rows=50, draws=(1,), seeds=2, out=out))
    read = {".csv": pd.read_csv, ".json": pd.read_json, ".parquet": pd.read_parquet}[ending](out)
    assert len(read) == len(frame) and [*tmp_path.iterdir()] == [out]
    np.testing.assert_allclose(read.value.astype(float), frame.value, rtol=1e-5)
    assert "label" not in read.columns


def test_until(file):
    plain = table_of(options(file, method="sampled", rows=100, draws=(1,)))
    tight = table_of(options(file, method="sampled", rows=100, draws=(1,), until="cosine 0.01"))
    assert set(tight.ended) == {"tolerance"} and tight.rows.max() > plain.rows.max()
    width = tight[tight.metric == "cosine"]
    assert ((width.high - width.low) / 2 <= 0.01).all()
    stopped = table_of(options(file, method="sampled", rows=100, draws=(1,), until="bias 0.0001%", max_rows=400))
    assert set(stopped.ended) == {"rows"} and stopped.rows.max() == 400


def test_paired_differences_are_known_better_than_either(file):
    """The output layer's estimates of REINFORCE and straight-through are the same numbers when they share a seed."""
    frame = table_of(options(file, method="sampled", against="reinforce"))
    difference = frame[frame.against.notna() & (frame.group == "layer3") & (frame.metric == "variance_difference")].iloc[0]
    own = frame[(frame.estimator == "reinforce") & (frame.group == "layer3") & (frame.metric == "variance")].iloc[0]
    assert abs(difference.value) < 1e-12 * own.value and difference.error < 1e-9 * own.error
    lower = frame[frame.against.notna() & (frame.group == "layer0") & (frame.metric == "variance_difference")].iloc[0]
    assert lower.high < 0 and lower.estimator == "straight_through"


def test_float32_agrees(file):
    wide = table_of(options(file, method="sampled", rows=200, draws=(1,)))
    narrow = table_of(options(file, method="sampled", rows=200, draws=(1,), precision="float32"))
    first, second = values(wide, "variance"), values(narrow, "variance")
    assert all(second[key][0] == pytest.approx(first[key][0], rel=0.2) for key in first)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published network is not here: {PUBLISHED}")
def test_published_figures():
    """Relative RMSE read off the published figures of the 2-5-5-5-1 network after 100 epochs, to 1 %."""
    found = table_of(options(PUBLISHED, method="exact", draws=(1, 9000), rows=9000))
    for draws, estimator, published in ((1, "straight_through", (0.2220, 0.5633, 0.5680, 0.4492)),
                                        (1, "reinforce", (13.81, 11.24, 6.779, 0.4495)),
                                        (9000, "straight_through", (0.0783, 0.3337, 0.3559))):
        value = values(found, "rmse_relative", draws)
        for layer, number in enumerate(published):
            assert value[estimator, f"layer{layer}"][0] == pytest.approx(number, rel=0.01)


FURTHER = {"psa": (0.1576, 0.3805, 0.4362, 0.4501), "arm": (1.695, 2.173, 1.802, 0.4501), "mean_field": (0.2478, 0.4153, 0.4849, 0.3306),
           "gumbel_softmax:tau=0.1": (7.69, 5.41, 2.055, 0.4257)}


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"the published network is not here: {PUBLISHED}")
def test_further_estimators_of_the_published_network():
    """Relative RMSE, M = 1, of the release's other methods: PSA, ARM, its tanh (mean field) and concrete, whose curves come without
    numbers.  Those of PSA and ARM were found by exact moments and confirmed by sampling; here they are sampled, within 6 errors."""
    for name, numbers in FURTHER.items():
        found = values(table_of(options(PUBLISHED, estimator=(name,), method="sampled", rows=400, draws=(1,), seeds=10)), "rmse_relative")
        for layer, number in enumerate(numbers):
            value, error = found[name.partition(":")[0], f"layer{layer}"]
            assert abs(value - number) < 6 * (error if np.isfinite(error) else 0) + 2e-3 * number, (name, layer)
            assert layer == 3 or abs(value - 1.3 * number) > 6 * (error if np.isfinite(error) else 0)


def test_further_estimators_of_a_trained_network(file):
    """PSA has no bias from the last hidden layer on and the least error of all at M = 1; ARM none anywhere; mean field has no variance."""
    names = ("psa", "arm", "mean_field", "straight_through")
    exact = table_of(options(file, estimator=names, method="exact", draws=(1,)))
    bias, spread, length, error = (values(exact, metric) for metric in ("bias2", "variance", "exact2", "rmse_relative"))
    for layer in range(4):
        group = f"layer{layer}"
        assert bias["arm", group][0] < 1e-20 < spread["arm", group][0] and spread["mean_field", group][0] == 0
        assert (bias["psa", group][0] < 1e-12 * length["psa", group][0]) == (layer >= 2)
        assert layer == 3 or error["psa", group][0] < min(error["arm", group][0], error["straight_through", group][0])


def test_a_long_run_takes_the_exact_gradients_place(file):
    """bias2 and exact2 against a reference of 3000 rows agree with those against the exact gradient within 6 of the reference's errors.

    Its square error E = tr S / 3000 is subtracted; left in, all of `exact2` and `bias2` would be E too large, on every seed alike."""
    run = options(file, estimator=("straight_through",), method="sampled", rows=1000, seeds=4, draws=(1,))
    against, truth = table_of(replace(run, reference="arm", reference_rows=3000)), table_of(replace(run, method="exact"))
    spread = values(table_of(options(file, estimator=("arm",), method="exact", draws=(1,))), "variance")
    for metric in ("bias2", "exact2"):
        found, right = values(against, metric), values(truth, metric)
        for key, (value, error) in found.items():
            own = spread["arm", key[1]][0] / 3000
            slack = 6 * ((2 * own**2 + 4 * own * abs(right[key][0])) ** 0.5 + error)
            assert abs(value - right[key][0]) < slack, (metric, key)


def test_a_biased_reference_is_refused(file):
    from straightedge.estimators.network.error import InputError

    with pytest.raises(InputError, match="biased"):
        table_of(options(file, reference="identity"))
