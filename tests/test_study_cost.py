"""The study of costs: complete, drawn, its frontier the most of all curves, its paired differences those of the errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.catalogue.registry import registry
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
    assert plain.key.nunique() == len(cost.FEW) + 1 and "seconds" not in set(table.metric)
    assert not plain.duplicated(["problem", "label", "group", "metric", "draws"]).any()
    pairs = table[table.against.notna() & (table.group == "all") & (table.metric == "mse_difference")]
    assert sorted(pairs.label.unique()) == sorted(cost.FEW) and set(pairs.key) < set(plain.key)
    assert not pairs.duplicated(["label", "draws"]).any()


def test_curves_are_the_exact_efficiencies(table):
    """Of the mean of 100 estimates, averaged over both hidden layers, from moments found here; ARM's is another."""
    network = Points((2, 2), points=10).build()
    gradient, right = exact_gradient(network), {}
    for estimator in (StraightThrough(), Arm()):
        found, parts = exact_moments(estimator, network), []
        for name in ("layer0", "layer1"):
            g, mean = gradient[network.groups[name]], found.mean[network.groups[name]]
            parts.append(float((mean @ g) ** 2 / (g @ g) / (mean @ mean + found.trace(network.groups[name]) / 100)))
        right[type(estimator).__name__] = sum(parts) / 2
    wide = cost.layers(table)
    assert cost.gain(wide[wide.label == "straight_through"], 100) == pytest.approx(right["StraightThrough"], rel=1e-4)
    assert cost.gain(wide[wide.label == "arm"], 100) == pytest.approx(right["Arm"], rel=1e-4)
    assert right["Arm"] != pytest.approx(right["StraightThrough"], rel=1e-3)


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


def test_frontier_is_the_most(table):
    wide = cost.layers(table).query("price > 0")
    prices, gains, labels = cost.frontier(wide)
    for _, rows in wide.groupby("label"):
        at, found = rows.price.iloc[0] * cost.DRAWS, cost.gain(rows, cost.DRAWS)
        inside = (prices >= at[0]) & (prices <= at[-1])
        assert (gains[inside] >= np.interp(np.log(prices[inside]), np.log(at), found) - 1e-12).all()
    assert len(set(labels)) > 1 and (np.diff(gains) >= -1e-12).all() and gains.max() <= 1


def test_marks(table):
    drawing = cost.figure(table)
    panel, = drawing.axes
    families = {registry()[name].family for name in cost.FEW if name != "exact"}
    assert len([line for line in panel.lines if line.get_linewidth() == 0.9]) == len(families)
    assert [line for line in panel.lines if line.get_linewidth() == 2.6]
    assert {text.get_text() for text in panel.texts} <= set(map(cost.figures.words, table.label)) and panel.texts
    close(drawing)
