"""The study of width, depth and scale: complete, drawn, and right at a number that brute force gives."""

from dataclasses import replace

import pytest

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments import width_depth
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


def test_smoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = width_depth.SMOKE
    folder = perform.perform(width_depth.STUDY, config, jobs=1).folder
    table = read(folder / "summary.csv")
    wide = width_depth.relative(table)
    shapes = len(config.width) + len(config.depth) + len(config.scale) - 2
    assert len(wide) == shapes * config.networks * len(config.estimators) and not wide.isna().any().any()
    drawing = width_depth.figure(table)
    for column, axis in enumerate(width_depth.AXES):
        panel = drawing.axes[column]
        lines = [line for line in panel.lines if not line.get_label().startswith("_")]
        assert len(lines) == len(panel.collections) == len(config.estimators) - 1 and "identity" in panel.get_title()
        assert list(lines[0].get_xdata()) == sorted(getattr(config, axis))
    assert len(width_depth.tables(table)) == 3 * len(config.estimators)


def test_one_number_by_hand(tmp_path, monkeypatch):
    """The bias that the table gives for one network is that of the exact mean against the exact gradient."""
    monkeypatch.chdir(tmp_path)
    config = replace(width_depth.SMOKE, estimators=(StraightThrough(),), networks=2)
    wide = width_depth.relative(read(perform.perform(width_depth.STUDY, config, jobs=1).folder / "summary.csv"))
    network = Points((4, 4, 4), points=50, scale=1.0, seed=1).build()
    part = network.groups["layer0"]
    g = exact_gradient(network)[part]
    bias = (exact_moments(StraightThrough(), network).mean[part] - g).norm() / g.norm()
    row = wide[(wide.width == 4) & (wide.depth == 3) & (wide.scale == 1) & (wide.problem_seed == 1)]
    assert row.bias.item() == pytest.approx(float(bias), rel=1e-5)


def test_names_of_ticks_do_not_run_into_each_other():
    """The last is kept, and of two that are too near the right one."""
    assert width_depth.spaced([1, 8, 10, 12, 14]) == ["1", "8", "10", "", "14"] and width_depth.spaced([0.1, 0.3]) == ["0.1", "0.3"]
