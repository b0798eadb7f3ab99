"""Points that touch each other, parameters by name and as random projections, data that are no single tensor: against brute force.

Brute force over a whole batch: every joint state of all units of all points is one plain pass of torch (tests/modules.py).
Sampled: 20 000 rows, every coordinate within 5.5 standard errors; the same rows scaled by 0.8 are outside.
"""

import itertools

import pytest
import torch
import torch.nn.functional as F
from modules import cases, replaced
from torch import nn

import straightedge as se
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.module.build import module_network
from straightedge.estimators.module.projection import Projection
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.sum.truth import exact_gradient, exact_loss

X, Y = torch.randn(3, 2, generator=torch.Generator().manual_seed(0)).double(), torch.tensor([0, 1, 1])


class Contrast(nn.Module):
    """Compares each point with the mean of all."""

    def __init__(self):
        super().__init__()
        self.read, self.units, self.out = nn.Linear(2, 2), se.Bernoulli(noise="normal"), nn.Linear(2, 2)

    def forward(self, x):
        code = self.units(self.read(x))
        return self.out(code - code.mean(0))


def pairs(model, x, y):
    """One number for the batch: codes of points with the same label shall be alike, those of others not."""
    code = model(x)
    alike = y[:, None] == y[None]
    return ((code[:, None] - code[None]).square().sum(-1) * torch.where(alike, 1.0, -0.3)).mean().reshape(1)


def touching():
    """Name -> (model in training, loss, mean loss of a batch)."""
    torch.manual_seed(3)
    norm = nn.Sequential(nn.Linear(2, 2), se.Bernoulli(), nn.BatchNorm1d(2), nn.Linear(2, 2))
    weights = nn.Sequential(se.BinaryLinear(2, 2), nn.BatchNorm1d(2), nn.Tanh(), nn.Linear(2, 2))

    def plain(model):
        return F.cross_entropy(model(X), Y)

    found = {"batch norm": (norm, F.cross_entropy, plain), "contrast": (Contrast(), F.cross_entropy, plain),
             "contrastive loss": (nn.Sequential(nn.Linear(2, 2), se.Bernoulli()), pairs, lambda model: pairs(model, X, Y)[0]),
             "weights": (weights, F.cross_entropy, plain)}
    return {name: (model.double().train(), loss, mean) for name, (model, loss, mean) in found.items()}


def whole_batch(model, mean, units):
    """(exact gradient [d], exact loss) of the batch by brute force."""
    book = {}
    told, gradient, loss = replaced(model, book, None), 0.0, 0.0
    for bits in itertools.product((False, True), repeat=units):
        book |= {"bits": list(bits), "chance": torch.ones((), dtype=torch.float64)}
        value = mean(told)
        parts = torch.autograd.grad(book["chance"] * value, list(told.parameters()), materialize_grads=True)
        gradient = gradient + torch.cat([part.reshape(-1) for part in parts])
        loss += float((book["chance"] * value).detach())
    assert not book["bits"]
    return gradient, loss


@pytest.mark.exact
@pytest.mark.parametrize("name", touching())
def test_where_points_touch_the_batch_is_one_unit_of_credit(name):
    model, loss, mean = touching()[name]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    network = module_network(model, X, Y, loss)
    units = 4 if name == "weights" else 6
    assert network.program.touching and network.program.mapped and sum(network.widths) == units
    gradient, value = whole_batch(model, mean, units)
    torch.testing.assert_close(exact_gradient(network), gradient, rtol=0, atol=1e-13)
    assert float(exact_loss(network)) == pytest.approx(value, abs=1e-13)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items()), "running statistics are left alone"
    frozen = module_network(model.eval(), X, Y, loss)
    if name in ("batch norm", "weights"):
        assert not frozen.program.touching and (exact_gradient(frozen) - gradient).abs().max() > 1e-3


@pytest.mark.sampled
@pytest.mark.parametrize("spelled", ["reinforce:baseline=leave_one_out,samples=2", "disarm", "local_expectation", "muprop", "arm"])
@pytest.mark.parametrize("name", touching())
def test_unbiased_estimators_are_so_for_the_batch(name, spelled):
    model, loss, mean = touching()[name]
    network = module_network(model, X, Y, loss)
    rows, truth = estimator_of(spelled)(network, 20_000, torch.Generator().manual_seed(1)), exact_gradient(network)
    error = rows.std(0) / len(rows) ** 0.5 + 1e-9
    assert ((rows.mean(0) - truth).abs() / error).max() < 5.5 < ((0.8 * rows.mean(0) - truth).abs() / error).max()


@pytest.mark.endtoend
def test_a_batch_is_measured_and_said_to_be_one():
    model = touching()["batch norm"][0]
    result = se.measure(model, (X, Y), ["straight_through", "disarm"], loss=F.cross_entropy, rows=200, seeds=2, jobs=1)
    assert "3 points, the batch one unit of credit, as points touch each other in BatchNorm1d '2'" in repr(result)
    assert result.table.mapped.all()
    x = torch.randn(20, 2)
    with pytest.raises(Unsuitable, match="of the 40 units that the batch depends on, as points touch each other in BatchNorm1d '2'"):
        se.measure(model, (x, torch.zeros(20).long()), "disarm", loss=F.cross_entropy)


# Parameters by name, and as projections


@pytest.mark.exact
def test_parameters_are_chosen_by_name():
    model, x, y, loss = cases()["skip"]
    whole = module_network(model, x, y, loss)
    truth = {name: exact_gradient(whole)[part] for name, part in whole.groups.items()}
    part = module_network(model, x, y, loss, ["out", "first.bias"])
    assert list(part.groups) == ["first", "out"]
    torch.testing.assert_close(exact_gradient(part), torch.cat((truth["first"][-2:], truth["out"])))
    for names in (["second.weight"], "second.weight"):
        assert list(module_network(model, x, y, loss, names).program.shapes) == ["model.second.weight"]
    with pytest.raises(InputError, match="unknown parameter 'secnd'; did you mean second"):
        module_network(model, x, y, loss, ["secnd"])
    with pytest.raises(InputError, match="projections: -1; expected a whole number"):
        module_network(model, x, y, loss, None, -1)


@pytest.mark.exact
def test_a_projection_is_a_signed_sum_of_the_gradient():
    model, x, y, loss = cases()["skip"]
    g = exact_gradient(module_network(model, x, y, loss))
    network = module_network(model, x, y, loss, ["out"], 5)
    projection = network.program.projection
    sketch = torch.zeros(5, len(projection.values), dtype=torch.float64)
    sketch[projection.sums, torch.arange(len(projection.values))] = projection.signs
    found = exact_gradient(network)
    torch.testing.assert_close(found[network.groups["projected"]], sketch @ g[:len(projection.values)], rtol=0, atol=1e-13)
    torch.testing.assert_close(found[network.groups["out"]], g[len(projection.values):], rtol=0, atol=1e-13)
    assert list(module_network(model, x, y, loss, None, 4).groups) == ["projected"]
    rows = estimator_of("disarm")(network, 50, torch.Generator().manual_seed(0))
    whole = estimator_of("disarm")(module_network(model, x, y, loss), 50, torch.Generator().manual_seed(0))
    torch.testing.assert_close(rows[:, -5:], whole[:, :len(projection.values)] @ sketch.T, rtol=0, atol=1e-13)


@pytest.mark.sampled
def test_a_projection_keeps_squared_lengths_in_the_mean():
    """2000 sketches of one vector: the mean of |S v|^2 / |v|^2 is 1 within 5 standard errors, its deviation at most sqrt(2 / k)."""
    rng = torch.Generator().manual_seed(0)
    v, k = torch.randn(300, generator=rng).double(), 20
    squares = []
    for _ in range(2000):
        sums, signs = torch.randint(k, v.shape, generator=rng), 2.0 * torch.randint(2, v.shape, generator=rng) - 1
        sketch = Projection({"v": v.shape}, v, sums, signs.double(), k)
        moved = torch.autograd.functional.jacobian(lambda shift, one=sketch: one.moved(shift)["v"], torch.zeros(k, dtype=torch.float64))
        squares.append((moved.T @ v).square().sum() / v.square().sum())
    squares = torch.stack(squares)
    assert (squares.mean() - 1).abs() < 5 * squares.std() / 2000**0.5 < 0.05
    assert 0.6 * (2 / k) ** 0.5 < squares.std() < 1.1 * (2 / k) ** 0.5


@pytest.mark.endtoend
def test_projections_are_in_the_table():
    model, x, y, loss = cases()["skip"]
    result = se.measure(model, (x, y), "straight_through", loss=loss, rows=100, seeds=2, jobs=1, parameters=["out"], projections=6)
    assert list(dict.fromkeys(result.table.group)) == ["out", "projected", "all", "hidden"]
    assert "10 parameters and 6 random projections of 16 parameters" in repr(result)
    with pytest.raises(InputError, match="parameters and projections are of a torch module"):
        se.measure("chain.npz", "arm", projections=3)


# Data


class Two(nn.Module):
    """A model of two inputs."""

    def __init__(self):
        super().__init__()
        self.one, self.other, self.units, self.out = nn.Linear(2, 2), nn.Embedding(5, 2), se.Bernoulli(), nn.Linear(2, 2)

    def forward(self, image, word):
        return {"z": self.out(self.units(self.one(image) + self.other(word)))}


@pytest.mark.exact
@pytest.mark.parametrize("as_dict", [False, True])
def test_data_may_be_tuples_and_dicts(as_dict):
    torch.manual_seed(0)
    model, word = Two(), torch.tensor([1, 4, 2])
    x = {"word": word, "image": X} if as_dict else (X, word)
    targets = {"label": Y, "weight": torch.tensor([1.0, 2.0, 0.5])}

    def loss(output, y):
        return y["weight"] * F.cross_entropy(output["z"], y["label"], reduction="none")

    network = module_network(model, x, targets, loss)
    assert network.program.mapped and not network.program.touching and len(network.inputs) == 3

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, x):
            return self.inner(x[:, :2], x[:, 2].long())["z"]

    together = torch.cat((X, word[:, None]), -1)
    weight = targets["weight"].double()
    other = module_network(Plain(), together, Y, lambda z, y: weight * F.cross_entropy(z, y, reduction="none"))
    assert len(exact_gradient(other)) == len(exact_gradient(network)) and exact_gradient(network).abs().max() > 1e-3
    torch.testing.assert_close(exact_gradient(network), exact_gradient(other), rtol=0, atol=1e-14)
