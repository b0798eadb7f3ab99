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
    silent, accused, found = drawing.axes
    assert len(silent.lines) == len(accused.containers) == 2 and len(found.containers) == 1
    assert "5 verdicts" not in verdict.words(table).answer and "none is an accusation" in verdict.words(table).answer
    assert "10 are accusations" in verdict.words(table.assign(outcome=lambda rows: rows.outcome.where(
        rows.index.isin(rows[(rows.metric == "bias2") & rows.get("planted").isna()].index[10:]), "bias detected"))).answer
