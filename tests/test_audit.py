"""The audit of other libraries: right, wrong and failing peers get the line they deserve, absent ones are skipped by name."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from straightedge.analysis.check.unbiased import enumerated
from straightedge.estimators.reinmax import Reinmax
from straightedge.experiments.audit import audit
from straightedge.experiments.audit.peers import LOSSES, PEERS, Peer, installed

pytestmark = pytest.mark.endtoend

HELD = {"held": "1.0"}


def exactly(times):
    """The exact gradient of every row, a constant times too long, with a little noise of mean zero."""
    def estimate(logits, loss, rng):
        noise = 0.01 * torch.randn(logits.shape, generator=rng)
        return times * enumerated(loss, logits[0]) + noise
    return lambda: estimate


def failing():
    raise AttributeError("plate_dims")


def peer(first, second=None, says="unbiased", **more):
    return Peer("held", "held()", says, first, second or first, batched=True, **more)


@pytest.fixture(autouse=True)
def _held(monkeypatch, tmp_path):
    """The library of the tests' peers is there, and the committed table is not touched."""
    monkeypatch.setattr(audit, "installed", lambda library: HELD.get(library, ""))
    monkeypatch.chdir(tmp_path)


def line(tried):
    return audit.record(tried, "squares", LOSSES["squares"], rows=100, size=100)


def test_right():
    found = line(peer(exactly(1.0)))
    assert (found["verdict"], found["confirmed"], found["version"]) == ("unbiased", True, "1.0")
    assert found["bias"] < 0.01 and abs(found["scale"] - 1) < 0.01 and found["note"] == ""


@pytest.mark.parametrize("times", (0.9, 1.1, 0.0))
def test_wrong_is_told_with_its_size(times):
    found = line(peer(exactly(times)))
    assert (found["verdict"], found["confirmed"]) == ("biased", True)
    assert found["scale"] == pytest.approx(times, abs=3 * found["scale_error"] + 1e-3)
    assert found["bias"] == pytest.approx(abs(1 - times), abs=3 * found["bias_error"] + 1e-3) and found["bias_error"] < 0.01


def test_second_way_may_disagree():
    found = line(peer(exactly(0.8), exactly(1.0)))
    assert (found["verdict"], found["confirmed"]) == ("biased", False)


def test_failing():
    found = line(peer(failing))
    assert (found["verdict"], found["note"]) == ("does not run", "AttributeError: plate_dims")


def test_definition():
    """Of three bits' own law: ReinMax's mean is that of this package's ReinMax at its temperature, not at another."""
    mean = audit.defined(Reinmax(tau=1.0), LOSSES["squares"])

    def made():
        return lambda logits, loss, rng: mean + 0.01 * torch.randn(logits.shape, generator=rng)

    assert line(peer(made, says="biased", definition=Reinmax(tau=1.0)))["note"] == "has the mean of Reinmax(tau=1.0)"
    assert "has not the mean of" in line(peer(made, says="biased", definition=Reinmax(tau=3.0)))["note"]


def test_markdown_stresses_what_is_not_as_said():
    frame = pd.DataFrame([line(peer(exactly(0.9))), line(peer(failing)), line(peer(exactly(0.9), says="biased")), line(peer(exactly(1.0)))])
    rows = audit.markdown(frame).splitlines()[2:]
    assert [("**" in row) for row in rows] == [True, True, False, False]
    assert all(row.count("|") == 10 for row in rows)


def test_absent_library_is_skipped_by_name(monkeypatch, capsys):
    monkeypatch.setattr(audit.activations, "PEERS", ())
    monkeypatch.setattr(audit, "PEERS", (Peer("absent", "absent()", "unbiased", failing, failing),))
    assert audit.audit(jobs=1) == 0
    assert capsys.readouterr().out == "audit: absent is not installed, skipped; `make audit` installs it\n"
    assert not Path("results").exists()


def test_written_whole(monkeypatch, capsys):
    monkeypatch.setattr(audit, "PEERS", (peer(exactly(1.0)), peer(exactly(0.5))))
    assert audit.audit(jobs=1) == 0
    frame = pd.read_csv(Path("results/audit") / "audit.csv")
    assert list(frame.verdict) == ["unbiased"] * 2 + ["biased"] * 2 and list(frame.loss) == list(LOSSES) * 2
    assert "held()" in (Path("results/audit") / "audit.md").read_text() and "wrote" in capsys.readouterr().out


def test_every_peer_once():
    assert len({(p.library, p.call) for p in PEERS}) == len(PEERS)
    assert np.isfinite([float(f(torch.tensor([[0.0, 1.0, 1.0]]))) for f in LOSSES.values()]).all()


@pytest.mark.parametrize("library", ("storchastic", "reinmax"))
def test_real_library(library):
    """The first exact or defined call of each, few rows; without the extra `audit` there is nothing to try."""
    if not installed(library):
        pytest.skip(f"{library} is not installed; `make audit` installs it")
    tried = next(p for p in PEERS if p.library == library)
    found = audit.record(tried, "squares", LOSSES["squares"], rows=64, size=64)
    assert found["verdict"] != "does not run", found["note"]
    assert found["verdict"] != "biased" or tried.says == "biased"
