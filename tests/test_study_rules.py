"""The study of rules: complete, its efficiencies those of the exact moments, its map and law drawn from them."""

import numpy as np
import pytest
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tempered import Tempered
from straightedge.experiments import rules
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("results"))
        return read(perform.perform(rules.STUDY, rules.SMOKE, jobs=1).folder / "summary.csv")


def test_complete(table):
    """Two kinds, two stages, two seeds; five places of six, (0, 0) being without bound, and one other rule."""
    assert table.key.nunique() == 2 * 2 * 2 * 6
    found = rules.efficiencies(table)
    assert len(found) == 2 * 2 * 2 * 6 * 4 and found.efficiency.between(0, 1).all() and found.saturation.between(0, 1).all()
    assert (found.groupby("trained").saturation.mean().diff().dropna() > 0).all(), "training saturates"


def test_efficiency_is_that_of_the_moments(table):
    """Averaged over both hidden layers, of the mean of 10; another place has another."""
    problem = Points((2, 2), points=20, seed=1)
    network = problem.build()
    gradient, right = exact_gradient(network), {}
    for g, h in ((0.5, 0.0), (1.0, 1.0)):
        found, parts = exact_moments(Tempered(g, h), network), []
        for name in ("layer0", "layer1"):
            where = network.groups[name]
            exact, mean = gradient[where], found.mean[where]
            parts.append(float((mean @ exact) ** 2 / (exact @ exact) / (mean @ mean + found.trace(where) / 10)))
        right[g, h] = np.mean(parts)
    rows = rules.efficiencies(table)
    rows = rows[(rows.problem == problem.name) & (rows.draws == 10)].set_index(["g", "h"])
    for place, value in right.items():
        assert rows.efficiency[place] == pytest.approx(value, rel=1e-4)
    assert right[0.5, 0.0] != pytest.approx(right[1.0, 1.0], rel=1e-3)


def test_law_is_judged_on_other_networks_than_it_is_found_on(table):
    parts = rules.surfaces(table)
    assert sum(part.judged for part in parts) == len(parts) / 2 == 16
    shown = rules.tables(table)
    assert list(shown.estimates) == ["1", "10", "100", "1000"] * 2 and set(shown.index) == {"initial, 2", "trained, 2"}
    assert (shown["law"].astype(float) <= shown["best place"].astype(float) + 1e-9).all()
    assert (shown["straight-through"].astype(float) <= shown["best place"].astype(float) + 1e-9).all()


def test_marks(table):
    drawing = rules.figure(table)
    assert len(drawing.axes) == 8 and {"ST", "Z", "I"} <= {text.get_text().split("\n")[0] for text in drawing.axes[0].texts}
    grid = rules.efficiencies(table).query("not trained and draws == 1 and g.notna()", engine="python")
    best = grid.groupby(["g", "h"]).efficiency.mean().idxmax()
    frame, = drawing.axes[0].patches
    places = [sorted(grid.g.unique()).index(best[0]) - 0.5, sorted(grid.h.unique()).index(best[1]) - 0.5]
    assert list(frame.get_xy()) == places
    close(drawing)
    drawing = rules.law(table)
    assert len(drawing.axes) == 8 and all(len(panel.lines) == 3 for panel in drawing.axes)
    close(drawing)
