"""`advise`: its numbers are those of `measure`; it says one, any of several, or that it cannot tell, each where that is so."""

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import straightedge as se
from straightedge.advice import exactness, passes, saturation
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.experiments.command.main import run
from straightedge.ranking import ranked, sentence, verdict

PROBLEM = Points((3, 2), points=6)
NAMES = ["straight_through", "reinforce:baseline=leave_one_out,samples=4", "psa"]


@pytest.fixture(scope="module")
def advice():
    return se.advise(PROBLEM, estimators=NAMES, rows=300, seeds=3, jobs=1)


@pytest.mark.endtoend
def test_efficiencies_are_those_of_a_measurement(advice):
    """Of as many estimates as a budget pays for; in order; within a dozen lines, a sentence last."""
    ten = advice.table[advice.table.budget == 10].set_index("label")
    label = "reinforce (baseline=leave_one_out, samples=4)"
    assert ten.passes[label] == pytest.approx(2.0) and ten.draws[label] == 5
    found = se.measure(PROBLEM, NAMES[1], rows=300, seeds=3, draws=5, method="sampled", jobs=1).table
    same = found[(found.metric == "efficiency") & (found.group == "hidden")].iloc[0]
    assert (ten.efficiency[label], ten.low[label]) == pytest.approx((same.value, same.low))
    assert label not in set(advice.table[advice.table.budget == 1].label), "it takes two passes"
    assert all(rows.efficiency.is_monotonic_decreasing for _, rows in advice.table.groupby("budget"))
    lines = str(advice).splitlines()
    assert len(lines) <= 12 and lines[-1] == advice.sentence and lines[-1].startswith("Best on this network: with ")
    assert advice.group == "hidden" and "bias and variance can be exact for straight_through" in str(advice)


@pytest.mark.exact
def test_saturation_is_counted():
    """One unit of three is nearly certain at every point; by hand from the probabilities."""
    weights, biases = [[[1.0], [0.2], [0.1]], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], [[9.0, 0.0, 0.0], [0.0, 0.0]]
    network = se.network(weights, biases, [[0.5], [-0.5]], [0, 1])
    found = saturation(network.build())
    assert list(found.units) == [3] and found.saturated[0] == pytest.approx(1 / 3)
    assert passes(estimator_of("straight_through"), network.build()) == pytest.approx(1.0, abs=0.1)


def rows(*parts):
    """(label, efficiency, low, high) of one budget."""
    return pd.DataFrame([{"budget": 1, "label": label, "efficiency": e, "low": low, "high": high} for label, e, low, high in parts])


@pytest.mark.unit
@pytest.mark.parametrize(("parts", "said"), [
    ((("arm", 0.8, 0.78, 0.82), ("psa", 0.5, 0.4, 0.6)), "ARM"),
    ((("arm", 0.8, 0.78, 0.82), ("psa", 0.79, 0.77, 0.81), ("zgr", 0.78, 0.76, 0.8)), "any of ARM, PSA and ZGR"),
    ((("arm", 0.8, 0.74, 0.86), ("psa", 0.72, 0.68, 0.76)), "ARM or PSA, which are not told apart"),
    ((("arm", 0.8, 0.6, 1.0), ("psa", 0.7, 0.5, 0.9)), "it is too noisy to tell"),
    ((("arm", np.nan, np.nan, np.nan),), "it is too noisy to tell"),
    ((("arm", 0.4, 0.0, 1.0),), "it is too noisy to tell"),
    ((), "nothing, it pays for no estimator"),
])
def test_the_sentence_says_what_is_known(parts, said):
    assert verdict(rows(*parts) if parts else pd.DataFrame()) == said


@pytest.mark.unit
def test_equal_verdicts_stand_together():
    two = pd.concat([rows(("arm", 0.8, 0.79, 0.81)), rows(("arm", 0.8, 0.79, 0.81)).assign(budget=10)])
    assert sentence(two) == "Best on this network: with 1 or 10 passes ARM."
    values = pd.DataFrame({"label": ["arm"], "draws": [3], "value": [0.5], "low": [0.4], "high": [0.6]}).set_index(["label", "draws"])
    assert list(ranked(values, {"arm": 3.0}, (1, 10)).draws) == [3]


@pytest.mark.endtoend
def test_a_model_without_an_exact_gradient():
    """A run of the best of a few stands for it; PSA and what needs a chain is left out, or said where it was asked for."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 22), se.Bernoulli(), nn.Tanh(), nn.Linear(22, 2))
    x, y = torch.randn(3, 2), torch.tensor([0, 1, 0])
    network = se.from_torch(model, x, y, loss=F.cross_entropy).build()
    assert not exactness(network, [])[0]
    found = se.advise(model, (x, y), F.cross_entropy, estimators=["straight_through", "disarm"], budgets=(10,), rows=60, seeds=2, jobs=1)
    assert "no exact gradient: the exact gradient of a module is a sum over the states of the 22 units" in str(found)
    assert set(found.table.label) == {"straight_through", "disarm"} and found.group == "all"
    with pytest.raises(Unsuitable, match="relax needs"):
        se.advise(model, (x, y), F.cross_entropy, estimators=["relax"])


@pytest.mark.endtoend
def test_the_command_prints_it(tmp_path, capsys):
    path = se.network([[[1.0], [0.2]], [[1.0, 0.0], [0.0, 1.0]]], None, [[0.5], [-0.5]], [0, 1]).save(tmp_path / "my.npz")
    assert run(["advise", str(path), "--rows", "60", "--seeds", "2", "--jobs", "1"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) <= 12 and out[-1].startswith("Best on this network: with ")
    with pytest.raises(InputError, match="budgets: "):
        se.advise(str(path), budgets=(0,))
    with pytest.raises(InputError, match="no/such.npz"):
        run(["advise", "no/such.npz"])
