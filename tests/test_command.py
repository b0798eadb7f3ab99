"""The command line: what it lists, and one sentence with exit status 2 for bad input, with no file left behind."""

import sys

import numpy as np
import pytest

from straightedge.analysis.problem.archive import write
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.registry import registry
from straightedge.experiments.command.main import main
from straightedge.experiments.command.option import parsed
from straightedge.experiments.command.study import Run, check, command
from straightedge.experiments.runner.listing import studies
from straightedge.experiments.runner.outline import outline

pytestmark = pytest.mark.endtoend


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["experiments", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return stop.value.code, out, err

    return call


@pytest.fixture
def folder(tmp_path):
    network = Points((2, 2), loss="logistic", states="01", points=10).build()
    write(tmp_path / "good.npz", network)
    good = dict(np.load(tmp_path / "good.npz"))
    bad = {"shape": good | {"w1": np.ones((2, 3))}, "nan": good | {"w0": good["w0"] * np.nan}, "labels": good | {"Y": good["Y"] * 3},
           "missing": {key: value for key, value in good.items() if key != "w1"}, "pickle": good | {"X": np.array([{}], dtype=object)},
           "words": good | {"Y": np.array(["a"] * 10)},
           "wide": {"w0": np.ones((60, 2)), "b0": np.ones(60), "w1": np.ones((1, 60)), "b1": np.ones(1), "X": good["X"], "Y": good["Y"]}}
    for name, arrays in bad.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
    (tmp_path / "text.npz").write_text("not a zip")
    np.save(tmp_path / "single.npy", np.ones(3))
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    return tmp_path


def test_lists_studies_and_estimators(run):
    status, out, _ = run()
    assert status == 0
    for name in (*registry(), *studies(), "measure", "check", "figures"):
        assert sum(line.split()[:1] == [name] for line in out.splitlines()) == 1, name


@pytest.mark.parametrize("name", sorted(studies()))
def test_help_of_every_study(run, name, capsys):
    """What the file alone tells is what the study itself tells, to the word."""
    status, out, _ = run(name, "--help")
    study = studies()[name]
    with pytest.raises(SystemExit):
        parsed(command(name, study.question, study.config, study.config()), ["--help"], name)
    assert status == 0 and "--jobs" in out and outline(name) and out.split() == capsys.readouterr().out.split()


@pytest.mark.parametrize("name", sorted(studies()))
@pytest.mark.parametrize("begin", ["config", "smoke", "paper"])
def test_configurations_of_every_study_are_admitted(name, begin):
    study = studies()[name]
    check(study.config() if begin == "config" else getattr(study, begin), Run())


STUDY = [
    (("weights", "--scales"), "--scales"), (("weights", "--scales", "-1"), "--scales"), (("weights", "--scales", "nan"), "--scales"),
    (("weights", "--scales", "1e300"), "weights.py, line"), (("width_depth", "--width", "4"), "width_depth.py, line"),
    (("temperature", "--depths", "0"), "--depths"), (("temperature", "--taus"), "--taus"),
    (("verdict", "--power-seeds", "1"), "--power-seeds"),
    (("verdict", "--planted", "nan"), "--planted"), (("verdict", "--kinds", "late"), "--kinds"), (("verdict", "--rows"), "--rows"),
    (("draws", "--draws", "100000"), "--draws"), (("training", "--steps", "-1"), "--steps"), (("training", "--trainers", "exakt"), "exact"),
    (("training", "--trainers", "exact:rate=2"), "--trainers"), (("fourier", "--degrees", "40"), "degree 40")]


@pytest.mark.parametrize(("words", "part"), STUDY, ids=lambda value: " ".join(value) if isinstance(value, tuple) else None)
def test_options_of_a_study_end_in_one_sentence(run, tmp_path, monkeypatch, words, part):
    monkeypatch.chdir(tmp_path)
    status, _, err = run(*words, "--smoke", "--jobs", 1)
    last = err.splitlines()[-1]
    assert status == 2 and last.startswith("straightedge: ") and part in last and "Traceback" not in err


BASE = ("--states", "01", "--loss", "logistic", "--rows", "20", "--seeds", "2")
BAD = [
    (("measure", "--network", "good", "--estimator", "strait_through"), "straight_through"),
    (("measure", "--network", "absent", "--estimator", "arm"), "no such file"),
    (("measure", "--network", "good"), "--estimator"),
    (("measure", "--network", "shape", "--estimator", "arm"), "shape"),
    (("measure", "--network", "nan", "--estimator", "arm"), "NaN"),
    (("measure", "--network", "labels", "--estimator", "arm"), "labels do not fit"),
    (("measure", "--network", "missing", "--estimator", "arm"), "missing w1"),
    (("measure", "--network", "pickle", "--estimator", "arm"), "pickle"),
    (("measure", "--network", "words", "--estimator", "arm"), "expected numbers"),
    (("measure", "--network", "text", "--estimator", "arm"), "npz"),
    (("measure", "--network", "single", "--estimator", "arm"), "npz"),
    (("measure", "--network", "wide", "--estimator", "arm"), "does not fit in memory"),
    (("measure", "--network", "good", "--estimator", "arm", "--rows", "-5"), "--rows"),
    (("measure", "--network", "good", "--estimator", "arm", "--rows", "many"), "many"),
    (("measure", "--network", "good", "--estimator", "arm", "--draws", "0"), "--draws"),
    (("measure", "--network", "good", "--estimator", "arm", "--draws", "21"), "--draws"),
    (("measure", "--network", "good", "--estimator", "arm", "--noise", "pink"), "pink"),
    (("measure", "--network", "good", "--estimator", "arm", "--until", "bias soon"), "--until"),
    (("measure", "--network", "good", "--estimator", "arm", "--device", "abacus"), "--device"),
    (("measure", "--network", "good", "--estimator", "arm", "--memory", "0"), "--memory"),
    (("measure", "--network", "good", "--estimator", "arm", "--against", "rebar"), "--against"),
    (("measure", "--network", "good", "--estimator", "gumbel_softmax", "--method", "exact"), "no exact moments"),
    (("measure", "--network", "good", "--estimator", "arm", "--out", "absent/table.csv"), "--out"),
    (("measure", "--network", "good", "--estimator", "arm", "--out", "table.xls"), "--out"),
    (("measure", "--network", "good", "--estimator", "arm", "--plugins", "absent"), "--plugins"),
    (("bias_varianse",), "bias_variance"), (("check", "strait_through"), "straight_through"), (("check",), "check"),
    (("draws", "--seeds", "few"), "few"), (("draws", "--nonsense"), "nonsense"), (("new", "Bad-Name"), "expected small letters"),
    (("new", "arm"), "exists already"), (("rerun", "--study", "drows"), "draws")]


@pytest.mark.parametrize(("words", "expected"), BAD, ids=lambda value: " ".join(value)[-40:] if isinstance(value, tuple) else "")
def test_bad_input(run, folder, words, expected):
    words = [str(folder / f"{word}.npz") if before == "--network" else str(folder / word) if before in ("--out", "--plugins") else word
             for before, word in zip(("", *words), words, strict=False)]
    if words[0] == "measure":
        given = set(words)
        pairs = zip(BASE[::2], BASE[1::2], strict=True)
        words += [part for pair in pairs if pair[0] not in given for part in pair]
    before = sorted(folder.iterdir())
    status, out, err = run(*words)
    assert status == 2, (out, err)
    assert err.startswith("straightedge: ") and err.count("\n") == 1 and expected in err, err
    assert out == "" and sorted(folder.iterdir()) == before


def test_a_row_that_does_not_fit_the_memory(run, tmp_path):
    write(tmp_path / "big.npz", Points((8, 8), loss="logistic", points=4000).build())
    status, _, err = run("measure", "--network", tmp_path / "big.npz", "--loss", "logistic", "--estimator", "arm", "--memory", "1")
    assert status == 2 and "too small for Arm" in err


def test_good_input(run, folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = ("--estimator", "arm", "--out", folder / "t.csv", "--jobs", "1")
    status, out, err = run("measure", "--network", folder / "good.npz", *BASE, *words)
    assert (status, err) == (0, "") and (folder / "t.csv").is_file() and out.startswith("wrote")
