"""The probe leaves training as it is, to the bit; says what `measure` says; keeps to its budget."""

import random

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import straightedge as se
from straightedge.analysis.cell.measure import ground
from straightedge.estimators.network.error import InputError

X, Y = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 1, 0, 1, 0])


def model():
    """Units, batch norm, dropout: all that a probe could disturb."""
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), se.Bernoulli(), nn.Dropout(0.2), nn.Linear(2, 2))


def trained(probe=None, steps=7):
    """Everything that training leaves: weights, statistics, the optimiser's state, random states."""
    own = model()
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002 - users do
    optimiser = torch.optim.Adam(own.parameters(), lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        noisy = X + 0.1 * torch.randn_like(X) + random.random() + np.random.rand()  # noqa: NPY002
        F.cross_entropy(own(noisy), Y).backward()
        optimiser.step()
        if probe:
            probe(own)
    moments = [value for state in optimiser.state_dict()["state"].values() for value in state.values()]
    grads = [value.grad for value in own.parameters()]
    states = torch.rand(3), torch.tensor(np.random.rand()), torch.tensor(random.random())  # noqa: NPY002
    return [*own.state_dict().values(), *moments, *grads, *states]


@pytest.mark.endtoend
def test_training_is_the_same_to_the_bit():
    probe = se.Probe(["straight_through", "disarm", "rebar:learning_samples=100"], data=(X, Y), loss=F.cross_entropy, every=3, budget=None,
                     rows=20, seeds=2)
    without, threads = trained(), torch.get_num_threads()
    found = trained(probe)
    assert all(torch.equal(one, other) for one, other in zip(found, without, strict=True)) and torch.get_num_threads() == threads
    assert list(probe.results) == [0, 3, 6] and probe.calls == 7 and not ground.cache_info().currsize

    def careless(own):
        torch.rand(1)

    assert not all(torch.equal(one, other) for one, other in zip(trained(careless), without, strict=True)), "one draw would be seen"


@pytest.mark.endtoend
def test_a_checkpoint_is_what_measure_says(tmp_path):
    """On the weights of that step, in evaluation."""
    path, own = tmp_path / "probe.csv", model()
    options = {"rows": 40, "seeds": 2}
    probe = se.Probe("straight_through", loss=F.cross_entropy, every=1, budget=None, csv=path, **options)
    first = probe(own, (X, Y))
    with torch.no_grad():
        own[0].weight.add_(1.0)
    second = probe(own, (X[:2], Y[:2]))
    expected = se.measure(own.eval(), (X, Y), "straight_through", loss=F.cross_entropy, jobs=1, **options).table
    drop = ["seconds", "error"]
    for column in ("value", "low", "high"):
        ours, theirs = (table[~table.metric.isin(drop)][column] for table in (second.table, expected))
        assert np.allclose(ours, theirs, equal_nan=True), "the first batch stays"
    assert not np.isclose(first.table.value[0], second.table.value[0])
    written = pd.read_csv(path)
    assert list(written.step.unique()) == [0, 1] and len(written) == len(probe.table) == 2 * len(expected)
    assert len(probe.plot().axes) == 3


class Clock:
    """Time that passes as it is told."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.unit
def test_the_budget_is_kept(monkeypatch):
    """Each checkpoint takes 2 seconds and each step 1: at 10 % one is affordable at once, the next when 4 s are a tenth: 2 + 38."""
    clock = Clock()
    probe = se.Probe("arm", data=(X, Y), every=5, budget="10% of time", clock=clock)

    def slow(own):
        clock.now += 2
        return object.__new__(se.Result)

    monkeypatch.setattr(probe, "measured", slow)
    monkeypatch.setattr(probe, "tell", lambda step: None)
    for _ in range(100):
        probe(nn.Identity())
        clock.now += 1
    assert list(probe.results) == [0, 40, 60, 75, 95] and probe.skipped == 15
    assert probe.spent <= 0.1 * clock.now


class Writer:
    """Looks like TensorBoard's."""

    def __init__(self):
        self.seen = {}

    def add_scalar(self, name, value, step):
        self.seen[name, step] = value


class Run:
    """Looks like wandb's."""

    def log(self, values):
        self.values = values


@pytest.mark.endtoend
def test_logs_get_the_numbers_of_the_result():
    writer, run = Writer(), Run()
    for log in (writer, run):
        probe = se.Probe(["straight_through"], data=(X, Y), loss=F.cross_entropy, every=2, budget=None, rows=20, seeds=2, log=log)
        result = [probe(model()) for _ in range(3)][2]
    own = result.errors(1.0).rmse_relative[0]
    assert writer.seen["straightedge/straight_through/rmse", 2] == pytest.approx(own) == run.values["straightedge/straight_through/rmse"]
    assert run.values["straightedge/step"] == 2 and len(writer.seen) == 8


@pytest.mark.endtoend
def test_tensorboard_takes_them(tmp_path):
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(tmp_path) as writer:
        se.Probe("straight_through", data=(X, Y), loss=F.cross_entropy, rows=20, seeds=2, log=writer)(model())
    assert next(tmp_path.iterdir()).stat().st_size > 100


@pytest.mark.endtoend
def test_a_later_failure_stops_no_training():
    own = model()
    probe = se.Probe("straight_through", data=(X, Y), loss=F.cross_entropy, every=1, budget=None, rows=20, seeds=2)
    probe(own)
    with torch.no_grad():
        own[0].weight.fill_(torch.nan)
    assert probe(own) is None and "found NaN" in probe.failures[1]
    with pytest.raises(InputError, match="found NaN"):
        se.Probe("straight_through", data=(X, Y), rows=20, seeds=2)(own)


@pytest.mark.unit
@pytest.mark.parametrize(("options", "message"), [
    ({"every": 0}, "every: 0; expected a whole number of calls"), ({"budget": "5 seconds"}, "budget: '5 seconds'; expected a percentage"),
    ({"budget": 0.05}, "budget: 0.05; expected a percentage"), ({"log": 3}, "log: int; expected a SummaryWriter"),
    ({"csv": "a.txt"}, "csv: a.txt; expected a name that ends in .csv"), ({"csv": "/no/such/a.csv"}, "in a folder that exists"),
])
def test_bad_input_is_one_sentence(options, message):
    with pytest.raises(InputError, match=message):
        se.Probe("arm", **options)
    with pytest.raises(InputError, match="unknown estimator"):
        se.Probe("ram")
    with pytest.raises(InputError, match="a model needs its data"):
        se.Probe("arm")(model())
    with pytest.raises(InputError, match="plot: nothing was measured yet"):
        se.Probe("arm").plot()
