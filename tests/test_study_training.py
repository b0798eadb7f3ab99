"""The study of training: complete, drawn, and a checkpoint's numbers are those of the network trained by hand."""

from dataclasses import replace

import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import training
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(training.STUDY, training.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    """Two networks, one beginning, two trainers with two checkpoints, three estimators."""
    assert table.key.nunique() == 2 * (1 + 2 * 2) * 3
    assert not table.duplicated(["problem_seed", "problem_trainer", "problem_steps", "label", "group", "metric", "draws"]).any()
    wide = training.relative(table)
    assert len(wide) == 2 * 2 * 3 * 3, "both trainers have the beginning"
    assert not wide.duplicated(["problem_seed", "problem_trainer", "problem_steps", "label"]).any()


def test_marks(table):
    drawing = training.figure(table)
    counts = [len(panel.lines) for panel in drawing.axes]
    assert counts == [2, 2, 3, 3]  # REINFORCE has no bias to draw
    assert list(drawing.axes[0].lines[0].get_xdata()) == [0, 5, 20]
    close(drawing)


def test_checkpoint_is_the_network_trained_by_hand(table):
    """Adam along the exact gradient, 20 steps; the start, 20 steps before, has another bias."""
    network = replace(Points((2, 3), points=20), seed=1).build()
    theta = network.theta.clone().requires_grad_()
    step = torch.optim.Adam([theta], lr=0.02)
    for _ in range(20):
        theta.grad = exact_gradient(network.at(theta.detach()))
        step.step()
    network = network.at(theta.detach())
    gradient = exact_gradient(network)
    bias = float((exact_moments(StraightThrough(), network).mean - gradient).norm() / gradient.norm())
    rows = training.relative(table).query("problem_seed == 1 and problem_trainer == 'exact' and label == 'straight_through'")
    found = rows.set_index("problem_steps").bias
    assert found[20] == pytest.approx(bias, rel=1e-4) and found[0] != pytest.approx(bias, rel=1e-2)


def test_reinforce_stays_unbiased(table):
    wide = training.relative(table)
    assert (wide[wide.label == "reinforce"].bias == 0).all() and (wide[wide.label == "straight_through"].bias > 0).all()
