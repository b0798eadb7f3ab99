"""The study of what predicts training: losses are those of networks trained by hand, at the best rate; scores have the right sign."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.figure import price
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.training import Training
from straightedge.estimators.catalogue.spelling import estimator_of, words_of
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss
from straightedge.estimators.tempered import Tempered
from straightedge.experiments import cost, efficiency
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(efficiency.STUDY, efficiency.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    """Two networks: five trainers, two optimisers, two rates; four estimators at two checkpoints."""
    assert table.key.nunique() == 2 * (5 * 2 * 2 + 4 * 2)
    ends = efficiency.losses(table)
    assert len(ends) == 2 * 5 * 2 and not ends.duplicated(["problem_optimizer", "label", "problem_seed"]).any()


@pytest.mark.parametrize(("optimizer", "rate"), (("adam", 0.03), ("momentum", 0.3)))
def test_loss_is_that_of_training_by_hand(table, optimizer, rate):
    """Twenty steps along the exact gradient, the rate falling to zero."""
    network = Points((2, 2), points=20, seed=1).build()
    theta = network.theta.clone().requires_grad_()
    step = torch.optim.Adam([theta], lr=rate) if optimizer == "adam" else torch.optim.SGD([theta], lr=rate, momentum=0.9)
    for index in range(20):
        step.param_groups[0]["lr"] = rate * (20 - index) / 20
        theta.grad = exact_gradient(network.at(theta.detach()))
        step.step()
    right = float(exact_loss(network.at(theta.detach())))
    rows = table[(table.metric == "loss") & (table.problem_seed == 1) & (table.problem_optimizer == optimizer) & (table.problem_steps == 20)
                 & (table.problem_trainer == "exact") & (table.problem_rate == rate)]
    assert float(rows.value.iloc[0]) == pytest.approx(right, rel=1e-4)
    best = efficiency.losses(table).query(f"label == 'exact' and problem_optimizer == '{optimizer}'")
    every = table[(table.metric == "loss") & (table.problem_optimizer == optimizer) & (table.problem_trainer == "exact")]
    assert best.loss.mean() == pytest.approx(every.groupby("problem_rate").value.mean().min())


def test_a_price_buys_estimates():
    """Ten passes: five of two passes, two of REINFORCE's four, one of what has no variance; averaged, not summed."""
    network = Points((2, 2), points=10).build()
    plan = Training("exact", 1, 0.1, passes=10)
    assert plan.draws(StraightThrough(), network) == 5 and plan.draws(Reinforce(baseline="leave_one_out", samples=4), network) == 2
    assert plan.draws(estimator_of("exact"), network) == 1 and plan.draws(Psa(), network) == 6
    assert replace(plan, passes=1).draws(StraightThrough(), network) == replace(plan, passes=0).draws(StraightThrough(), network) == 1
    rows = StraightThrough()(network, 5, torch.Generator().manual_seed(0))
    moved = Training("straight_through", 1, 0.1, "momentum", passes=10)(network)
    torch.testing.assert_close(moved.theta, network.theta - 0.1 * rows.mean(0))


@pytest.mark.parametrize("estimator", (StraightThrough(), Tempered(0.5, 1.0), Reinforce(baseline="leave_one_out", samples=4)), ids=repr)
def test_words_are_read_back(estimator):
    assert estimator_of(words_of(estimator)) == estimator


def test_scores_are_higher_for_the_more_accurate(table):
    """Straight-through's bias at these small networks is below the identity's; its score above."""
    means = efficiency.scores(table).groupby("label")[list(efficiency.MEASURES)].mean()
    for measure in ("bias", "rmse"):
        assert means.loc["psa", measure] > means.loc["identity", measure]
    assert means[["cosine", *(name for name in means if name.startswith("efficiency"))]].abs().max().max() <= 1
    for low, high in pairwise([f"efficiency {budget}" for budget in efficiency.BUDGETS]):
        assert (means[low] <= means[high]).all()


def test_efficiency_is_the_tables_own(table):
    """What is made of bias, variance and length is the metric that the cells measured, where both are exact."""
    wide = cost.layers(table[table.estimator != "exact"])
    square = wide.along**2 * wide.exact2
    whole = wide.bias2 + (2 * wide.along - 1) * wide.exact2 + wide.variance * wide.exact2
    exact = wide.estimator.isin(["straight_through", "zgr", "psa", "identity"])
    torch.testing.assert_close(torch.tensor(price.efficiency(wide, 1)[exact].to_numpy()), torch.tensor((square / whole)[exact].to_numpy()),
                               rtol=1e-4, atol=1e-5)


def test_marks(table):
    drawing = efficiency.figure(table)
    assert len(drawing.axes) == 2 and all(len(panel.lines) == 2 * len(efficiency.MEASURES) + 1 for panel in drawing.axes)
    close(drawing)
    drawing = efficiency.training(table)
    assert all(len(panel.containers) == 4 for panel in drawing.axes)
    close(drawing)
