"""The study of costs: complete, drawn, its frontier the least of all curves, its paired differences those of the errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import cost
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(cost.STUDY, cost.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    plain = table[table.against.isna()]
    assert plain.key.nunique() == len(cost.FEW) + 1 and "seconds" in set(table.metric)
    assert not plain.duplicated(["problem", "label", "group", "metric", "draws"]).any()
    pairs = table[table.against.notna() & (table.group == "all") & (table.metric == "mse_difference")]
    assert sorted(pairs.label.unique()) == sorted(cost.FEW) and set(pairs.key) < set(plain.key)
    assert not pairs.duplicated(["label", "draws"]).any()


def test_curves_are_the_exact_errors(table):
    """RMSE of the mean of M straight-through estimates, from moments found here; that of ARM is another."""
    network = Points((2, 2), points=10).build()
    gradient = exact_gradient(network)
    errors = {}
    for estimator in (StraightThrough(), Arm()):
        found = exact_moments(estimator, network)
        square = (found.mean - gradient).square().sum() + found.variance.sum() / 100
        errors[type(estimator).__name__] = float((square / gradient.square().sum()).sqrt())
    row = cost.relative(table).set_index("label").loc["straight_through"]
    costs, curve, known = cost.curve(row, "evaluations")
    assert known.all() and np.interp(200, costs, curve) == pytest.approx(errors["StraightThrough"], rel=1e-4)
    assert errors["Arm"] != pytest.approx(errors["StraightThrough"], rel=1e-2)


def test_paired_difference_is_the_difference(table):
    pair = table[(table.metric == "mse_difference") & (table.group == "all") & (table.draws == 1) & (table.label == "straight_through")]
    rows = table[(table.group == "all") & (table.draws == 1) & table.against.isna()].set_index(["label", "metric"]).value
    mse = {label: rows[label, "bias2"] + rows[label, "variance"] for label in ("straight_through", pair.against.item())}
    assert pair.value.item() == pytest.approx(mse["straight_through"] - mse[pair.against.item()], rel=1e-4)


def test_one_more_estimator_measures_itself_and_its_partner(tmp_path, monkeypatch):
    """The table is then what it would be had all been measured at once, but for seconds; a new partner measures all anew."""
    monkeypatch.chdir(tmp_path)
    few = replace(cost.SMOKE, estimators=cost.SMOKE.estimators[:3], rows=50)
    monkeypatch.setattr(perform, "place", lambda *_: tmp_path / "grown")
    assert perform.perform(cost.STUDY, few, jobs=1).measured == 4
    more = replace(few, estimators=cost.SMOKE.estimators[:4])
    assert perform.perform(cost.STUDY, more, jobs=1).measured == 2
    grown = read(tmp_path / "grown" / "summary.csv")
    monkeypatch.setattr(perform, "place", lambda *_: tmp_path / "whole")
    perform.perform(cost.STUDY, more, jobs=1)
    whole = read(tmp_path / "whole" / "summary.csv")
    names = ["label", "against", "group", "metric", "draws"]
    parts = [frame[frame.metric != "seconds"].sort_values(names)[[*names, "value"]] for frame in (grown, whole)]
    pd.testing.assert_frame_equal(*(part.reset_index(drop=True) for part in parts))
    monkeypatch.setattr(perform, "place", lambda *_: tmp_path / "grown")
    other = Reinforce(baseline="leave_one_out", samples=3)
    monkeypatch.setattr(cost, "AGAINST", other)
    assert perform.perform(replace(cost.STUDY, against=other), more, jobs=1).measured == 5


def test_frontier_is_the_least(table):
    rows = cost.relative(table).query("estimator != 'exact'")
    costs, errors, labels = cost.frontier(rows, "evaluations")
    for _, row in rows.iterrows():
        at, error, known = cost.curve(row, "evaluations")
        inside = (costs >= at[0]) & (costs <= at[-1])
        assert not known.all() or (errors[inside] <= np.interp(costs[inside], at, error) + 1e-12).all()
    assert len(set(labels)) > 1 and (np.diff(errors) <= 1e-12).all()


def test_marks(table):
    drawing = cost.figure(table)
    passes, seconds = drawing.axes
    thin = [line for line in passes.lines if line.get_linewidth() == 0.7]
    assert len(thin) == 2 * (len(cost.FEW) + 1 - 1), "a plain and a broken line for all but the exact gradient"
    assert [text.get_text() for text in seconds.texts].count("exact gradient") == 1
    heavy = [line for line in passes.lines if line.get_linewidth() == 2.6]
    assert heavy and {text.get_text() for text in passes.texts} <= set(map(cost.figures.words, table.label))
    close(drawing)
