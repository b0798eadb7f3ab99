"""The study of Bernoulli weights: complete, drawn, and identity is the matched rule by 2 F'."""

import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.bernoulli import BernoulliWeights
from straightedge.estimators.identity import Identity
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import weights
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(weights.STUDY, weights.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    assert table.key.nunique() == 2 * 2 * 7
    assert not table.duplicated(["problem", "problem_seed", "label", "group", "metric", "draws"]).any()


def test_marks(table):
    drawing = weights.figure(table)
    assert [len(panel.lines) for panel in drawing.axes] == [7, 7, 7]
    assert "BayesBiNN (published)" in {text.get_text() for text in drawing.legends[0].get_texts()}
    close(drawing)


def test_bars_span_the_networks(table):
    wide = weights.networks(table)
    row = wide[(wide.label == "straight_through") & (wide.problem_scale == 2.0)]
    least, most = (weights.over(wide, how).set_index(["label", "problem_scale"]).along for how in ("min", "max"))
    assert (least["straight_through", 2.0], most["straight_through", 2.0]) == (row.along.min(), row.along.max())
    assert row.along.min() < row.along.max()


def test_identity_is_matched_by_the_density():
    """By weight, E identity times 2 F'(latent) is E matched: mirror descent on the means."""
    network = BernoulliWeights(scale=2.0).build()
    identity, matched = (exact_moments(rule, network).mean for rule in (Identity(), StraightThrough()))
    torch.testing.assert_close(2 * network.noise.density(network.theta) * identity, matched)
    assert (identity - matched).norm() > exact_gradient(network).norm()


def test_reinforce_is_unbiased(table):
    row = table[(table.label == "reinforce") & (table.metric == "along")]
    assert row.value.to_numpy() == pytest.approx(1.0, abs=1e-6)
