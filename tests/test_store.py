"""Stored results: keys that follow values and code, files that are whole or absent."""

import ast
import sys

import pandas as pd
import pytest

from analysis import store
from analysis.problem import Points
from estimators.reinforce import Reinforce
from estimators.straight_through import StraightThrough
from experiments.cell import Cell


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
    import estimators

    monkeypatch.setattr(estimators, "__path__", [*estimators.__path__, str(tmp_path)])

    def write(text, name="sample_of_a_test"):
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(f"estimators.{name}", None)
        store.source.cache_clear()
        return store.key({}, ("estimators.sample_of_a_test",))

    return write


def test_key_follows_code_but_not_words(module):
    plain = module('"""Words."""\nx = 1\n')
    assert module('"""Other words."""\n\n# a comment\nx = 1\n') == plain
    assert module("x = 2\n") != plain


def test_key_follows_imports(module):
    module("y = 1\n", "deeper_of_a_test")
    before = module("from estimators.deeper_of_a_test import y\n")
    module("y = 2\n", "deeper_of_a_test")
    assert module("from estimators.deeper_of_a_test import y\n") != before


def test_source_reaches_what_a_cell_depends_on():
    names = store.source(("experiments.measure", "estimators.disarm"))
    assert all(f"estimators.{name}:" in names for name in ("network", "noise", "transfer", "exact", "arm", "disarm"))
    assert "estimators.reinmax:" not in names
    assert ast.dump(store.bare(ast.parse('def f():\n    "words"\n    return 1'))) == ast.dump(ast.parse("def f():\n    return 1"))


def test_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file.bin"
    store.replace(path, b"first")
    assert path.read_bytes() == b"first"

    def broken(_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        store.replace(path, b"second")
    assert path.read_bytes() == b"first" and [*path.parent.iterdir()] == [path]


def test_parquet_round_trip(tmp_path):
    frame = pd.DataFrame({"group": ["a", "b"], "value": [1.5, float("nan")]})
    store.replace(tmp_path / "x.parquet", store.parquet(frame, {"cell": {"rows": 3}}))
    found, metadata = store.load(tmp_path / "x.parquet")
    pd.testing.assert_frame_equal(found, frame)
    assert metadata == {"cell": {"rows": 3}}
