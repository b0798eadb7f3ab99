"""The public interface: lazy, complete, and the same numbers as the parts it stands on; bad input is one sentence."""

import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import straightedge as se
from straightedge.analysis.problem.bernoulli import BernoulliWeights
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.analysis.problem.function import Polynomial, Toy
from straightedge.analysis.problem.writing import Writing
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.listing import questions

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent
X, Y = torch.linspace(-1, 1, 14).view(7, 2), [0, 1, 1, 0, 1, 0, 0]


@pytest.fixture(scope="module")
def problem():
    torch.manual_seed(0)
    return se.from_torch(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2)), X, Y)


@pytest.fixture(scope="module")
def result(problem):
    return se.measure(problem, ["straight_through", Reinforce(), "st_gumbel:tau=0.1,0.5"], rows=60, draws=5, seeds=3, jobs=1)


def test_everything_named_is_there():
    for name in se.__all__:
        assert vars(se).get(name) is not None or se.__getattr__(name) is not None
    assert "straight_through" in se.estimators() and all(se.estimators().values())
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        se.nothing_of_this_name  # noqa: B018


def test_measure_gives_exact_moments_and_all_estimators(problem, result):
    assert list(dict.fromkeys(result.table.label)) == ["straight_through", "reinforce", "st_gumbel (tau=0.1)", "st_gumbel"]
    network = problem.build()
    found = exact_moments(StraightThrough(), network)
    row = result.table[(result.table.label == "straight_through") & (result.table.group == "all")].set_index(["metric", "draws"])
    assert row.loc[("variance", 1), "value"] == pytest.approx(float(found.variance.sum()), rel=1e-10)
    bias2 = float((found.mean - exact_gradient(network)).square().sum())
    assert row.loc[("bias2", 1), "value"] == pytest.approx(bias2, rel=1e-10)
    assert bias2 > 1e-6


def test_best_is_by_the_formula(result):
    best = result.best(passes=10).set_index("label")
    assert list(best.rmse_relative) == sorted(best.rmse_relative) and best.loc["straight_through", "draws"] == 5
    row = result.table[(result.table.label == "straight_through") & (result.table.group == "all") & (result.table.draws == 1)]
    value = row.set_index("metric").value
    assert best.loc["straight_through", "rmse_relative"] == pytest.approx(np.sqrt((value.bias2 + value.variance / 5) / value.exact2))
    with pytest.raises(se.InputError, match="cheapest"):
        result.best(passes=0.1)


def test_repr_and_plot_say_what_was_measured(result):
    text = repr(result)
    assert "widths 3, 7 points, logistic noise" in text and "|g| =" in text and len(text.splitlines()) == 5
    drawing = result.plot()
    assert [len(axes.lines) > 3 for axes in drawing.axes] == [True, True]


def test_parts_agree(problem):
    layers = se.exact_gradient(problem)
    assert torch.equal(torch.cat(list(layers.values())), exact_gradient(problem.build())) and list(layers) == ["layer0", "layer1"]
    assert torch.equal(se.moments("straight_through", problem).mean, exact_moments(StraightThrough(), problem.build()).mean)
    theta = problem.build().theta
    step = 1e-5 * torch.eye(len(theta), dtype=torch.float64)[0]
    ends = [se.exact_loss(problem.build().at(theta + sign * step)) for sign in (1, -1)]
    assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(float(layers["layer0"][0]), rel=1e-6)


def test_network_and_file_are_one(problem, tmp_path):
    path = problem.save(tmp_path / "my.npz")
    network = problem.build()
    read = se.load(str(path)).build()
    assert torch.equal(read.theta, network.theta) and torch.equal(read.inputs, network.inputs)
    weights, biases = zip(*network.layers, strict=True)
    again = se.network(weights, biases, network.inputs, Y)
    assert again == problem and se.network(weights, None, network.inputs, Y) != problem
    assert hash(again) == hash(problem)


@pytest.mark.parametrize(("name", "written"), [("my.pt", torch.save), ("my.pth", torch.save), ("my.safetensors", None)])
def test_state_dicts_are_read(problem, tmp_path, name, written):
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sigmoid(), torch.nn.Linear(3, 2))
    if written is None:
        from safetensors.torch import save_file

        save_file(model.state_dict(), tmp_path / name)
    else:
        written(model.state_dict(), tmp_path / name)
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    read = se.load(str(tmp_path / name), data=str(tmp_path / "data.npz")).build()
    assert torch.equal(read.theta, se.from_torch(model, X, Y).build().theta)


LINEAR = torch.nn.Linear
BAD = {
    "no Sequential": (lambda: se.from_torch(LINEAR(2, 2), X, Y), "Sequential"),
    "a batch norm": (lambda: se.from_torch(torch.nn.Sequential(LINEAR(2, 3), torch.nn.BatchNorm1d(3), LINEAR(3, 2)), X, Y), "BatchNorm1d"),
    "one layer": (lambda: se.from_torch(torch.nn.Sequential(LINEAR(2, 2)), X, Y), "two or more"),
    "shapes": (lambda: se.network([np.ones((3, 2)), np.ones((2, 4))], None, X, Y), "shape"),
    "a NaN": (lambda: se.network([np.full((3, 2), np.nan), np.ones((2, 3))], None, X, Y), "NaN"),
    "words": (lambda: se.network([["a"]], None, X, Y), "weights"),
    "a loss": (lambda: se.network([np.ones((3, 2)), np.ones((2, 3))], None, X, Y, loss="hinge"), "unknown loss"),
    "a noise": (lambda: se.network([np.ones((3, 2)), np.ones((2, 3))], None, X, Y, noise="cauchy"), "unknown noise"),
    "states": (lambda: se.network([np.ones((3, 2)), np.ones((2, 3))], None, X, Y, states=(1, 1)), "lo < hi"),
    "rows": (lambda: se.measure(Points((2,), points=3), "arm", rows=1), "rows: expected a whole number from 2"),
    "draws": (lambda: se.measure(Points((2,), points=3), "arm", rows=5, draws=(9,)), "draws: expected"),
    "no estimator": (lambda: se.measure(Points((2,), points=3), []), "estimators: expected"),
    "an estimator": (lambda: se.measure(Points((2,), points=3), "aarm"), "did you mean arm"),
    "a device": (lambda: se.measure(Points((2,), points=3), "arm", device="meta"), "device"),
    "a missing file": (lambda: se.measure("nowhere.npz", "arm"), "no such file"),
    "nan": (lambda: se.measure(Points((2,), points=3), "reinforce:baseline=constant,constant=nan"), "finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(name):
    call, words = BAD[name]
    with pytest.raises(se.InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


OTHER = {"widths": (2, 2), "noise": "normal", "states": "01", "loss": "squared_error", "steps": 7, "trainer": "arm", "rate": 0.5,
         "scale": 3.0, "seed": 4, "shape": "rings", "points": 9, "inputs": 4, "reduction": "project", "target": 0.3, "units": 3,
         "logit": 0.7, "degree": 1, "repeated": True, "power": 2, "hidden": (1,),
         "optimizer": "momentum", "decay": True, "passes": 3}
KINDS = (Points, Digits, Toy, Polynomial, Writing, BernoulliWeights)


@pytest.mark.parametrize("problem", [kind() for kind in KINDS], ids=lambda one: type(one).__name__)
def test_two_problems_never_share_a_name(problem):
    """Every field changed alone, and every pair of fields, gives another name."""
    names = [field.name for field in fields(problem)]
    changed = [replace(problem, **{name: OTHER[name] for name in chosen})
               for chosen in [(), *((a,) for a in names), *((a, b) for a in names for b in names if a < b)]]
    assert len(set(changed)) == len({one.name for one in changed}) == len(changed)


FAST = (["--version"], [], ["--help"], ["mesure"], ["figures", "--help"], ["measure", "--help"], ["weights", "--help"],
        ["new", "my_rule", "--folder", "."])


@pytest.mark.endtoend
@pytest.mark.parametrize("words", FAST, ids=" ".join)
def test_answers_without_torch(words, tmp_path):
    """With torch, numpy and pandas not to be had at all."""
    code = """
import sys
class Refuse:
    def find_spec(self, name, *_):
        if name.split(".")[0] in ("torch", "numpy", "pandas", "scipy", "matplotlib", "joblib", "sklearn", "pyarrow"):
            raise ImportError(f"{name} must not be imported")
sys.meta_path.insert(0, Refuse())
from straightedge.experiments.command.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=tmp_path, capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == (2 if words == ["mesure"] else 0), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", sorted(questions()))
def test_published_results_are_current(name):
    """Of this code and whole, so that `make figures` has nothing to do on a fresh clone."""
    assert manifest.is_current(name, ROOT / "results" / name), f"`make {name}` makes it anew: commit what changes in results/"


@pytest.mark.endtoend
def test_a_current_study_is_told_without_torch_and_a_damaged_one_is_not(tmp_path, monkeypatch, capsys):
    """Of a copy of published results, whole and with one byte less; the second is seen before any study is imported."""
    from shutil import copytree

    from straightedge.experiments.command import task

    name = "weights"
    copytree(ROOT / "results" / name, tmp_path / "results" / name, ignore=lambda *_: ["cells"])
    monkeypatch.chdir(tmp_path)
    whole = task.stands(name)
    assert whole == ("nothing to do" in capsys.readouterr().out)
    path = tmp_path / "results" / name / "table.md"
    path.write_bytes(path.read_bytes()[:-1])
    assert whole and not task.stands(name) and capsys.readouterr().out == ""
