"""The study of the verdict in its configuration of seconds: complete, no false alarm, a planted bias as large as the gradient is found."""

import pytest

from straightedge.analysis.cell.table import read
from straightedge.experiments import verdict
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.study


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    return read(perform.perform(verdict.STUDY, verdict.SMOKE, jobs=1, results=results).folder / "summary.csv")


def test_rates(table):
    """One network, two kinds, two estimators, two numbers of seeds, four groups; two networks with a planted bias."""
    alarms, powers = verdict.false_alarms(table), verdict.powers(table)
    assert alarms.verdicts.sum() == 2 * 2 * 2 * 4 and alarms.alarms.sum() == 0
    assert set(powers.seeds) == {2, 10} and (powers.value == 1).all()
    assert len(verdict.tables(table)) == len(alarms) + len(powers)


def test_marks(table):
    drawing = verdict.figure(table)
    assert len(drawing.axes) == 2 and len(drawing.axes[0].lines) == 2 * 2 + 1
