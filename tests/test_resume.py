"""Runs that are killed at any moment, repeated, or spread over processes, give the same bytes; cleaning removes what nothing asks for."""

import os
import random
import re
import signal
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import pytest

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.figure import look
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.store import file
from straightedge.analysis.store.place import checkout
from straightedge.analysis.store.record import Record, opened, sealed
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments import bias_variance
from straightedge.experiments.command import clean
from straightedge.experiments.runner import log
from straightedge.experiments.runner.perform import perform
from straightedge.experiments.runner.run import run_cells

SCRIPT = """
from straightedge.experiments import bias_variance
from straightedge.experiments.runner import perform
from straightedge.analysis.figure import look
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.straight_through import StraightThrough
print("ready", flush=True)
config = bias_variance.Config((Points((2,), points=5), Points((2,), points=5, steps=3)), (StraightThrough(), MeanField()), 500, 3)
perform.perform(bias_variance.STUDY, config, jobs={jobs})
"""
CONFIG = bias_variance.Config((Points((2,), points=5), Points((2,), points=5, steps=3)), (StraightThrough(), MeanField()), 500, 3)


def started(folder, jobs):
    words = [sys.executable, "-c", SCRIPT.format(jobs=jobs)]
    process = subprocess.Popen(words, cwd=folder, env={**os.environ, "PYTHONPATH": str(checkout())}, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout.readline() == b"ready\n"
    return process


def untold(path):
    """A picture without what is told of where it is from, and what depends on its length."""
    kind, data = path.suffix[1:], path.read_bytes()
    if kind == "png":
        return plt.imread(path).tobytes()
    field = {"svg": rb"<dc:description>.*?</dc:description>", "pdf": rb"\s/Subject \(.*?\)\s>>"}[kind]
    return re.sub(rb"xref.*", b"", re.sub(field, b"", data, flags=re.DOTALL), flags=re.DOTALL)


@pytest.mark.endtoend
def test_killed_runs_resume_to_the_same_bytes(tmp_path):
    """The process group is killed at three moments, the last of which find cells; then a run in two processes completes it."""
    whole = perform(bias_variance.STUDY, CONFIG, jobs=1, results=tmp_path / "whole").folder
    rng = random.Random(0)
    for most in (0.5, 1.5, 4.0):
        process = started(tmp_path, 1)
        time.sleep(rng.uniform(0, most))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    process = started(tmp_path, 2)
    assert process.wait(120) == 0
    process.stdout.close()
    folder = tmp_path / "results" / "custom" / whole.name
    for name in ("summary.csv", "table.md", "table.tex"):
        assert (whole / name).read_bytes() == (folder / name).read_bytes(), name
    for kind in look.FORMATS:  # which say when they were made, and are else the same
        assert untold(whole / f"figure.{kind}") == untold(folder / f"figure.{kind}"), kind
    assert not list(folder.rglob(f".*{file.ENDING}"))


@pytest.mark.study
def test_clean_removes_what_nothing_asks_for(tmp_path, monkeypatch):
    """Not what today's code would ask for by the same name, whatever the configuration; nor anything that is no cell."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clean, "studies", lambda: {"bias_variance": bias_variance.STUDY})
    results = tmp_path / "results"
    own = results / "custom" / "bias_variance-12345678" / "cells"
    cell = Cell(Points((2,), points=5), MeanField(), 20, 2)
    run_cells([cell], 1, own)
    run_cells([cell], 1, results / "bias_variance" / "cells")
    run_cells([cell], 1, results / "measured")
    good = own / f"{cell.key()}.cell"
    record = opened(good)
    stale = own / f"{'0' * 16}.cell"
    stale.write_bytes(sealed(record))
    away = own / f"{'1' * 16}.cell"
    away.write_bytes(sealed(Record(record.text, record.metadata | {"modules": ["straightedge.estimators.not_here"]})))
    (own / f"{'2' * 16}.cell").write_bytes(b"damaged")
    (own / f"{'3' * 16}.parquet").write_bytes(b"earlier")
    (results / "measured" / "mine.parquet").write_bytes(b"a user's table")
    (own / ".x.parquet.abcdefgh.part").write_bytes(b"12345")
    size = stale.stat().st_size + 14 + (results / "bias_variance" / "cells" / good.name).stat().st_size
    said = clean.cleaned(results)
    assert said == f"removed 4 stored cells, {size:,} bytes, and 5 bytes that killed runs left; kept 1 of estimators that are not here " \
        "(--plugins DIR)"
    assert sorted(path.name for path in own.iterdir()) == sorted((good.name, away.name, log.NAME))
    assert (results / "measured" / good.name).is_file() and not (results / "bias_variance" / "cells" / good.name).exists()
    assert (results / "measured" / "mine.parquet").is_file()
    assert clean.cleaned(tmp_path / "absent").startswith("nothing to clean")
