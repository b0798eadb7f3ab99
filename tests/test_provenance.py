"""What made a file of results is told from the file, or from what lies beside it."""

import pytest

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.error import InputError
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments import bias_variance
from straightedge.experiments.command.provenance import provenance_of
from straightedge.experiments.runner.perform import perform

pytestmark = pytest.mark.study
CONFIG = bias_variance.Config((Points((2,), points=5), Points((2,), points=5, steps=3)), (StraightThrough(), MeanField()), 60, 2)


def test_provenance(tmp_path):
    folder = perform(bias_variance.STUDY, CONFIG, jobs=1, results=tmp_path).folder
    for name in ("figure.png", "figure.svg", "figure.pdf", "summary.csv", "table.md"):
        said = provenance_of(folder / name)
        assert all(word in said for word in ("revision", "dirty", "StraightThrough", "torch", "host", "seconds", "date", "cpu")), said
        assert "unchanged since  yes" in said
    (folder / "table.md").write_text("other")
    assert "no: it is not what was written" in provenance_of(folder / "table.md")
    cell = next((folder / "cells").iterdir())
    assert all(word in provenance_of(cell) for word in ("key", "modules", "revision", "date"))
    (folder / "note.txt").write_text("")
    cell.write_bytes(b"")
    for path in (folder / "note.txt", cell, folder / "absent.png"):
        with pytest.raises(InputError, match="provenance: "):
            provenance_of(path)
