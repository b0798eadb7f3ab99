"""The study of proxies: complete, drawn, and its numbers are those of an enumeration."""

from itertools import product

import pytest
import torch
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import proxies
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(proxies.STUDY, proxies.SMOKE, jobs=1).folder / "summary.csv")


KEYS = ["problem", "problem_noise", "problem_seed", "label", "group", "metric", "draws"]


def test_complete(table):
    assert table.key.nunique() == 2 * 5 * 2 * 5 and not table.duplicated(KEYS).any()


def test_marks(table):
    drawing = proxies.figure(table)
    assert len(drawing.axes) == 6
    for panel in drawing.axes:
        assert sum(isinstance(part, QuadMesh) for part in panel.collections) == 1 and len(panel.texts) == 25
        assert sum(isinstance(patch, Rectangle) for patch in panel.patches) == 5 + 3  # matched ones, and three by other names
    close(drawing)


def test_matched_proxies_are_one(table):
    """The clipped identity is the matched rule under uniform noise, tanh under F = s(2 a), ApproxSign under triangular noise."""
    found = proxies.means(table)

    def of(noise, proxy):
        return found[(found.problem_noise == noise) & (found.label == proxy)][list(proxies.MEASURES)].to_numpy()

    for noise, proxy in proxies.OWN.items():
        assert of(noise, proxy) == pytest.approx(of(noise, "straight_through"), rel=1e-4, abs=1e-5, nan_ok=True)
    assert abs(of("logistic", "identity") - of("logistic", "straight_through")).max() > 0.5


def test_scale_is_the_enumerated_one(table):
    """Identity at one layer: E W' dl/dz over the four states of every data point."""
    network = Points((2,), points=10).build()
    p, delta = torch.sigmoid(network.affine(0, network.data(1)))[0], 0
    for state in product((-1.0, 1.0), repeat=2):
        x = torch.tensor(state, dtype=torch.float64).expand(10, 2)
        chance = torch.where(x > 0, p, 1 - p).prod(-1, keepdim=True)
        delta = delta + chance * network.pull(1, network.slope(network.output(x))[1])
    mean, where = network.rows([network.data(1)], [delta.unsqueeze(0)])[0], network.groups["layer0"]
    gradient = exact_gradient(network)[where]
    row = table[(table.problem_widths.astype(str) == "2") & (table.problem_noise == "logistic") & (table.problem_seed == 0)
                & (table.label == "identity") & (table.group == "layer0") & (table.metric == "along")]
    assert row.value.item() == pytest.approx(float(mean @ gradient / gradient.square().sum()), rel=1e-5)
