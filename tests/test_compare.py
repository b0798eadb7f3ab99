"""`compare`: which numbers of two states of results moved."""

import pandas as pd
import pytest

import straightedge as se
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store.place import root
from straightedge.experiments.command.compare import compared
from straightedge.experiments.runner.moved import both, moved

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """(folder, with one.csv; same.csv, other seeds' draws; more.csv, another estimator too)."""
    folder = tmp_path_factory.mktemp("tables")
    result = se.measure(Points((2,), points=5), "reinforce", rows=100, seeds=3, jobs=1, method="sampled")
    result.save(folder / "one.csv")
    table = result.table.copy()
    at = table.index[(table.metric == "variance") & (table.group == "all")][0]
    table.loc[at, "value"] += 10 * table.loc[at, "error"]
    near = result.table.copy()
    near.loc[at, "value"] += near.loc[at, "error"]
    for name, frame in (("far", table), ("near", near), ("less", result.table.drop(index=at))):
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def test_the_same_has_not_moved(tables):
    said = compared(str(tables / "one.csv"), str(tables / "one.csv"))
    assert "0 differ; 0 are" in said and said.startswith("one: ")


@pytest.mark.parametrize(("name", "differ", "found"), (("far", 1, 1), ("near", 1, 0), ("less", 0, 1)))
def test_what_moved_is_named(tables, name, differ, found):
    said = compared(str(tables / "one.csv"), str(tables / f"{name}.csv"))
    assert f"{differ} differ; {found} are" in said
    assert ("variance" in said) == bool(found) and ("only before" in said) == (name == "less")


def test_paired_counts():
    before = pd.DataFrame({"metric": ["a", "b", "seconds"], "value": [1.0, float("nan"), 1.0], "error": [0.1, 0.1, 0.1]})
    after = before.assign(value=[1.0, 2.0, 5.0])
    assert both(before, after) == (2, 1) and moved(before, before) == []


@pytest.mark.endtoend
@pytest.mark.skipif(not (root() / ".git").exists(), reason="no history in this checkout")
def test_a_revision_beside_the_folder():
    said = compared("HEAD", str(root() / "results" / "fourier"))
    assert "only before" in said and "fourier: " in said


@pytest.mark.parametrize("word", ("nothing", "--output=x", "README.md", "tests"))
def test_what_is_no_state_is_refused(word, monkeypatch):
    monkeypatch.chdir(root())
    with pytest.raises(se.InputError, match="compare: "):
        compared(word, word)
