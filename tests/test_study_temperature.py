"""The study of temperatures: complete, drawn, and its limits are the exact ones."""

import numpy as np
import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import vector
from straightedge.estimators.darn import Darn
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.experiments import temperature
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(temperature.STUDY, temperature.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    assert table.key.nunique() == 2 * 2 * (2 + 3 * 4)
    assert not table.duplicated(["problem", "problem_seed", "label", "group", "metric", "draws"]).any()


def test_marks(table):
    drawing = temperature.figure(table)
    bias, spread, least = np.array(drawing.axes).reshape(3, 2)[:, 1]
    assert [len(line.get_xdata()) for line in least.lines] == [len(temperature.DRAWS)] * 3
    rows = table[(table.problem_widths.astype(str) == "2-2") & (table.estimator == "st_gumbel") & (table.group == "layer0")]
    value = rows.pivot_table("value", ["tau", "problem_seed"], "metric")
    means = (value.variance / value.exact2).groupby("tau").mean()
    assert spread.lines[1].get_ydata() == pytest.approx(np.sqrt(means))
    assert means.to_numpy() != pytest.approx((value.variance / value.exact2).xs(0, level="problem_seed").to_numpy(), rel=1e-3)
    assert bias.containers, "sampled biases have error bars"
    close(drawing)


def test_cold_st_gumbel_has_darns_mean():
    network = Points((2, 2), points=10).build()
    cold, warm, limit = (exact_moments(rule, network).mean for rule in (StGumbel(1e-3), StGumbel(0.5), Darn()))
    assert (cold - limit).norm() < 1e-2 * limit.norm() < (warm - limit).norm()


def test_variance_of_gumbel_softmax():
    """One unit, linear loss 3 x, x = 2 b - 1, so that f by the bit has derivative 6: tau Var -> rho 6^2 / 6 = 1.5 at a = 0."""
    network = vector(torch.zeros(1, dtype=torch.float64), lambda x: 3 * x[..., 0])
    rows, tau = 400_000, 0.01
    sample = GumbelSoftmax(tau)(network, rows, torch.Generator().manual_seed(0))[:, 0]
    square = tau * (sample - sample.mean()).square()
    z = (square.mean() - 1.5) / (square.std() / rows**0.5)
    assert abs(z) < 5.5 + 0.03 * 1.5 / (square.std() / rows**0.5)  # 3 % for terms of order tau
    assert square.std() / rows**0.5 < 0.03
