"""What made a file of results is told from the file alone where it can carry words, and the same cells give the same bytes."""

import json
import shutil

import pandas as pd
import pytest

from straightedge import measure
from straightedge.analysis.figure.metadata import carried
from straightedge.analysis.problem.archive import write
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.error import InputError
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments import bias_variance
from straightedge.experiments.command.measure import Options, measured
from straightedge.experiments.command.provenance import provenance_of
from straightedge.experiments.runner import manifest, run
from straightedge.experiments.runner.perform import perform
from straightedge.experiments.runner.provenance import Origin, origins, record, summary
from straightedge.experiments.runner.written import leave

pytestmark = pytest.mark.study
CONFIG = bias_variance.Config((Points((2,), points=5), Points((2,), points=5, steps=3)), (StraightThrough(), MeanField()), 60, 2)
WORDS = ("revision", "dirty", "python", "torch", "numpy", "system", "host", "device", "cpu", "threads", "cells", "seconds", "date")
PICTURES = ("figure.png", "figure.svg", "figure.pdf")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return perform(bias_variance.STUDY, CONFIG, jobs=1, results=tmp_path_factory.mktemp("whole")).folder


@pytest.fixture
def folder(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole, tmp_path / "results" / "custom" / whole.name)
    return tmp_path / "results" / "custom" / whole.name


def again(folder):
    return perform(bias_variance.STUDY, CONFIG, jobs=1, results=folder.parent.parent)


def told(text):
    return all(word in text for word in WORDS) and "Config(" in text


def test_beside_its_manifest(folder):
    for name in (*PICTURES, "summary.csv", "table.md"):
        said = provenance_of(folder / name)
        assert told(said) and "unchanged since  yes" in said, said
    (folder / "table.md").write_text("other")
    assert "no: it is not what was written" in provenance_of(folder / "table.md")
    cell = next((folder / "cells").glob("*.cell"))
    assert all(word in provenance_of(cell) for word in ("key", "modules", "revision", "date"))
    (folder / "note.txt").write_text("")
    cell.write_bytes(b"")
    for path in (folder / "note.txt", cell, folder / "absent.png"):
        with pytest.raises(InputError, match="provenance: "):
            provenance_of(path)


@pytest.mark.parametrize("name", PICTURES)
def test_from_the_picture_alone(folder, tmp_path, name):
    """Sent to somebody who has nothing else of the results, under another name."""
    alone = tmp_path / "elsewhere" / f"a picture{(folder / name).suffix}"
    alone.parent.mkdir()
    shutil.copyfile(folder / name, alone)
    shutil.rmtree(tmp_path / "results")
    assert told(provenance_of(alone))
    data = alone.read_bytes()
    for size in (0, 9, len(data) // 2):  # what is cut tells what is left, or nothing
        alone.write_bytes(data[:size])
        assert carried(alone) is None or "runs" in carried(alone)
    alone.write_bytes(data.replace(b"straightedge", b"straightedgy"))
    with pytest.raises(InputError, match="it says nothing of where it is from"):
        provenance_of(alone)


def test_a_table_is_known_by_its_digest_under_any_name(folder, tmp_path):
    shutil.copyfile(folder / "summary.csv", tmp_path / "renamed.csv")
    assert told(provenance_of(tmp_path / "renamed.csv"))
    (tmp_path / "renamed.csv").write_text("a,b\n")
    with pytest.raises(InputError, match="no record here knows it"):
        provenance_of(tmp_path / "renamed.csv")


def test_the_same_cells_give_the_same_bytes(folder, whole):
    """Whatever else is lost: figures; their manifest and the record of runs; all but the cells."""
    for lost in (PICTURES, (manifest.NAME, "figure.png"), (manifest.NAME, manifest.RUN, "summary.csv", "table.md", *PICTURES)):
        for name in lost:
            (folder / name).unlink()
        again(folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} \
            == {path.name: path.read_bytes() for path in whole.iterdir() if path.is_file()}


def test_a_cell_measured_later_is_another_run(folder, monkeypatch):
    """Elsewhere, by another revision: both are told, each with its cells; what was known of the others stays."""
    path = next((folder / "cells").glob("*.cell"))
    path.unlink()
    (folder / "figure.png").unlink()  # else the table and its pictures, the same to the bit, stay as they are
    rows = pd.read_csv(folder / "summary.csv", keep_default_na=False, dtype=str)
    rows[rows.key != path.stem].to_csv(folder / "summary.csv", index=False, lineterminator="\n")
    plain = run.now()
    monkeypatch.setattr(run, "now", lambda: plain | {"revision": "0" * 40, "host": "other"})
    assert again(folder).measured >= 1
    said = carried(folder / "figure.png")
    assert sorted(one["cells"] for one in said["runs"]) == [1, 3]
    assert {one["host"] for one in said["runs"]} == {plain["host"], "other"} and "2 of 2" in provenance_of(folder / "figure.svg")


def test_records_go_there_and_back():
    cells = {f"{place}": Origin(json.dumps({"revision": "ab"[place % 2]}), place / 8, f"2026-01-0{place + 1}") for place in range(4)}
    said = record("c", cells)
    assert origins(json.loads(json.dumps(said))) == cells
    assert [(one["revision"], one["cells"], one["seconds"], one["date"]) for one in summary("c", cells)["runs"]] \
        == [("a", 2, 0.2, "2026-01-03"), ("b", 2, 0.5, "2026-01-04")]
    for wrong in ({}, {"runs": 3, "cells": {"a": [0, 1, ""]}}, {"runs": [], "cells": {"a": [0, 1, ""]}}, {"runs": [{}], "cells": []},
                  {"runs": [{}], "cells": {"a": 3}}):
        assert origins(wrong) == {}


def test_what_measure_gives(tmp_path, monkeypatch):
    """The plot and the parquet carry it, the CSV is known by its digest; the files are what they would be without."""
    monkeypatch.chdir(tmp_path)
    result = measure(Points((2,), points=5), ["straight_through", "mean_field"], rows=20, seeds=2, jobs=1)
    for name in ("plot.png", "plot.svg", "plot.pdf"):
        result.plot().savefig(tmp_path / name)
        assert all(word in provenance_of(tmp_path / name) for word in (*WORDS, "'kind': 'Points'")), name
    result.save(tmp_path / "table.parquet")
    assert all(word in provenance_of(tmp_path / "table.parquet") for word in WORDS)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), result.table.drop(columns="label"), check_dtype=False)
    write(tmp_path / "my.npz", Points((2,), points=5).build())
    found = measured(Options(network=tmp_path / "my.npz", estimator=("mean_field",), rows=20, seeds=2, jobs=1, out=tmp_path / "table.csv",
                             results=tmp_path / "results"))
    assert all(word in provenance_of(tmp_path / "table.csv") for word in (*WORDS, "my.npz")) and len(found.table)


def test_what_other_commands_write(tmp_path):
    (tmp_path / "bench.csv").write_text("a\n1\n")
    leave(tmp_path, ("bench.csv",), "bench --device cpu", 0.0)
    assert all(word in provenance_of(tmp_path / "bench.csv") for word in (*WORDS, "bench --device cpu"))
