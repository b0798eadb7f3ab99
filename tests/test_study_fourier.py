"""The study of Walsh degrees: complete, drawn, and its zeros and ratios are the exact ones."""

from itertools import product

import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.writing import Writing
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import fourier
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(fourier.STUDY, fourier.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    assert table.key.nunique() == 2 * 2 * 2 * 3
    assert not table.duplicated(["problem", "problem_seed", "label", "group", "metric", "draws"]).any()


def test_marks(table):
    drawing = fourier.figure(table)
    assert len(drawing.axes) == 6 and all(len(panel.texts) == 4 for panel in drawing.axes)
    assert all(sum(isinstance(part, QuadMesh) for part in panel.collections) == 1 for panel in drawing.axes)
    straight_through, darn, _ = ({text.get_position(): text.get_text() for text in panel.texts} for panel in drawing.axes[:3])
    assert straight_through[0, 0] == straight_through[1, 0] == "0" != straight_through[0, 1]
    assert set(darn.values()) == {"0"}
    close(drawing)


@pytest.mark.parametrize("degree", (1, 2, 3))
def test_writings_are_one_function(degree):
    states = torch.tensor(list(product((-1.0, 1.0), repeat=6)), dtype=torch.float64)
    first, *others = (Writing(degree, power).network() for power in (1, 2, 3, 4))
    for other in others:
        assert torch.equal(first.theta, other.theta)
        torch.testing.assert_close(first.loss.function(states), other.loss.function(states), rtol=0, atol=1e-12)
        torch.testing.assert_close(exact_gradient(first), exact_gradient(other))
        assert not torch.allclose(first.loss.function(states / 2), other.loss.function(states / 2))
    subsets = states.prod(-1, keepdim=True)  # no part of degree 6
    assert abs(first.loss.function(states) @ subsets[:, 0]) < 1e-12


def test_shrinkage_of_foust(table):
    """The other units stand at a uniform share of the way to their states, half on average: 2^(1 - degree) of the gradient."""
    rows = table[(table.label == "foust") & (table.problem_power == 1) & (table.metric == "along") & (table.group == "all")]
    for row in rows.itertuples():
        assert row.value == pytest.approx(2.0 ** (1 - row.problem_degree), abs=8 * row.error + 1e-9)
        assert row.error < 0.1


def test_degree_that_does_not_fit():
    with pytest.raises(ProblemError, match="degree 6 and power 2 do not fit 6 units"):
        Writing(6, 2).network()
