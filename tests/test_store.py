"""Stored results: keys that follow values and code, files that are whole or absent."""

import ast
import json

import pandas as pd
import pytest

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.key import bare, code, digest, key, source
from straightedge.analysis.store.parquet import load, parquet
from straightedge.analysis.store.record import Record, frames
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.unit


def test_key_follows_values():
    cell = Cell(Points((2,), points=3), StraightThrough(), 10, 2)
    assert cell.key() == Cell(Points((2,), points=3), StraightThrough(), 10, 2).key()
    others = [Cell(Points((3,), points=3), StraightThrough(), 10, 2), Cell(Points((2,), points=3), Reinforce(), 10, 2),
              Cell(Points((2,), points=3), StraightThrough(), 11, 2), Cell(Points((2,), points=3), StraightThrough(), 10, 3),
              Cell(Points((2,), points=3), StraightThrough(), 10, 2, precision="float32"),
              Cell(Points((2,), points=3, steps=1), StraightThrough(), 10, 2)]
    assert len({cell.key(), *(other.key() for other in others)}) == 7


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of estimators.__path__ whose text the test writes."""
    import straightedge.estimators as estimators

    monkeypatch.setattr(estimators, "__path__", [*estimators.__path__, str(tmp_path)])

    def write(text, name="sample_of_a_test"):
        (tmp_path / f"{name}.py").write_text(text)
        digest.cache_clear()
        source.cache_clear()
        code.cache_clear()
        return key({}, ("straightedge.estimators.sample_of_a_test",))

    return write


def test_key_follows_code_but_not_words(module):
    plain = module('"""Words."""\nx = 1\n')
    assert module('"""Other words."""\n\n# a comment\nx = 1\n') == plain
    assert module("x = 2\n") != plain


def test_key_follows_imports(module):
    module("y = 1\n", "deeper_of_a_test")
    before = module("from straightedge.estimators.deeper_of_a_test import y\n")
    module("y = 2\n", "deeper_of_a_test")
    assert module("from straightedge.estimators.deeper_of_a_test import y\n") != before


def test_source_reaches_what_a_cell_depends_on():
    names = source(("straightedge.analysis.cell.measure", "straightedge.estimators.disarm"))
    assert all(f"straightedge.estimators.{name}:" in names for name in 
               ("network.network", "network.noise", "sum.transfer", "sum.expectation", "arm", "disarm"))
    assert "straightedge.estimators.reinmax:" not in names
    assert ast.dump(bare(ast.parse('def f():\n    "words"\n    return 1'))) == ast.dump(ast.parse("def f():\n    return 1"))


def test_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file.bin"
    replace(path, b"first")
    assert path.read_bytes() == b"first"

    def broken(_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        replace(path, b"second")
    assert path.read_bytes() == b"first" and [*path.parent.iterdir()] == [path]


def test_parquet_round_trip(tmp_path):
    frame = pd.DataFrame({"group": ["a", "b"], "value": [1.5, float("nan")]})
    replace(tmp_path / "x.parquet", parquet(frame, {"cell": {"rows": 3}}))
    found, metadata = load(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(found, frame)
    assert metadata == {"cell": {"rows": 3}}


def test_records_together_are_as_one_by_one():
    """Whatever their columns: whole numbers, gaps, words, truths, each as pandas would have it of that record alone."""
    columns = ({"a": [1, 2], "b": ["x", "y"]}, {"a": [1.5], "b": ["x"]}, {"a": [3], "b": ["z"]}, {"a": [None, 2.5], "b": ["x", None]},
               {"a": []}, {"a": [True], "b": [None]}, {"a": [None], "b": [1]}, {"a": [False, True], "b": [None, None]},
               {"a": [float("nan"), 2.0], "b": ["", "x"]})
    for found, own in zip(frames([Record(json.dumps(own).encode(), {}) for own in columns]), columns, strict=True):
        pd.testing.assert_frame_equal(found, pd.DataFrame(own))
