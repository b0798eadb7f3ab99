"""What cannot be measured in a module: one sentence each, and model and data are left as they were."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import straightedge as se
from straightedge.analysis.problem.given import Given
from straightedge.analysis.problem.module import Module, module_problem
from straightedge.estimators.module.build import module_network
from straightedge.estimators.module.loss import point_loss
from straightedge.estimators.network.error import InputError

X, Y = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 1, 0])


def chain(*between):
    """A small model with these modules behind its units."""
    return nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), nn.Tanh(), *between, nn.Linear(2, 2))


class Idle(nn.Module):
    """Has units and does not call them all."""

    def __init__(self):
        super().__init__()
        self.read, self.units, self.idle = nn.Linear(3, 2), se.Bernoulli(), se.Bernoulli()

    def forward(self, x):
        return self.units(self.read(x))


class Keeping(Idle):
    """Remembers its last state."""

    last = 0.0

    def forward(self, x):
        self.idle(self.read(x))
        self.last = self.units(self.read(x) + self.last)
        return self.last


class Noisy(Idle):
    """Adds noise of its own."""

    def forward(self, x):
        return self.idle(self.units(self.read(x))) + torch.randn(2)


class Turned(Idle):
    """Gives units the data points along the second axis."""

    def forward(self, x):
        return self.idle(self.units(self.read(x).T).T)


class Counting(nn.Module):
    """Counts its calls in a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return x


class Cached(Idle):
    """Keeps a tensor that hangs on its parameters, which torch does not copy."""

    def __init__(self):
        super().__init__()
        self.last = self.read(X)

    def forward(self, x):
        return self.idle(self.units(self.read(x)))


def poisoned():
    """A model with a NaN among its weights."""
    model = chain()
    with torch.no_grad():
        model[0].weight[0, 0] = torch.nan
    return model


class Root(nn.Module):
    """Has no value for negative numbers."""

    def forward(self, x):
        return x.sqrt()


def frozen():
    """A model whose parameters need no gradient."""
    return chain().requires_grad_(False)


@pytest.mark.unit
@pytest.mark.parametrize(("model", "x", "y", "loss", "message"), [
    (nn.Linear(3, 2), X, Y, F.cross_entropy, "Linear has no stochastic units that its forward pass calls"),
    (Idle(), X, Y, F.cross_entropy, "unit 'idle' is never reached"),
    (Keeping(), X, Y, F.cross_entropy, "gives other values when it is called again; expected one that keeps no state"),
    (Noisy(), X, Y, F.cross_entropy, "draws randomness of its own; expected model.eval"),
    (chain(nn.Dropout(0.5)), X, Y, F.cross_entropy, "draws randomness of its own in Dropout '3'; expected model.eval"),
    (chain(Counting()), X, Y, F.cross_entropy, "Counting changes 3.calls when it is called; expected model.eval"),
    (Cached(), X, Y, F.cross_entropy, "the module cannot be copied: Only Tensors created explicitly"),
    (chain(), [], Y, F.cross_entropy, "x or y holds no tensor"),
    (chain(), (X, X[:3]), Y, F.cross_entropy, "equally many data points in every tensor, got 4 and 3 and 4"),
    (chain(), {"input": X.numpy()}, Y, F.cross_entropy, r"x\['input'\]: ndarray; expected a tensor"),
    (Turned(), X, Y, F.cross_entropy, "unit call 0 got 2 along the first axis, where there are 4 data points"),
    (poisoned(), X, Y, F.cross_entropy, "0.weight: expected finite numbers, found NaN"),
    (chain(), X * torch.nan, Y, F.cross_entropy, "x: expected finite numbers, found NaN"),
    (chain(Root()), X, Y, F.cross_entropy, "the loss: expected finite numbers, found NaN"),
    (frozen(), X, Y, F.cross_entropy, "no parameters that require a gradient"),
    (chain(), X, Y[:3], F.cross_entropy, "expected one label per data point, got 4 points and 3 labels"),
    (chain(), X, Y.to("meta"), F.cross_entropy, "model, x and y are on cpu and meta; expected all on one device"),
    (chain(), X.numpy(), Y, F.cross_entropy, "x: ndarray; expected a tensor"),
    (chain(), X[:, :2], Y, F.cross_entropy, "the module cannot be run in float64: RuntimeError: mat1 and mat2"),
    (chain(), X, Y, lambda z, y: F.cross_entropy(z, y), r"the loss gave shape \(\); expected one loss for each of 4 data points"),
    (chain(), X, Y, lambda z, y: z, r"the loss gave shape \(4, 2\)"),
    (chain(), X, Y, lambda z, y: 1.0, "the loss gave float; expected a tensor of one loss for each of 4"),
    (chain(), X, Y, nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0]).double()), "it weights points"),
    (chain(), X, Y, "cross", "unknown loss 'cross'; did you mean cross_entropy"),
    (chain(), X, Y, 3, "loss: 3; expected a name, or a function"),
    ("model", X, Y, F.cross_entropy, "model: str; expected a torch.nn.Module"),
])
def test_bad_input_is_one_sentence(model, x, y, loss, message):
    before = {name: value.clone() for name, value in model.state_dict().items()} if isinstance(model, nn.Module) else {}
    state = torch.get_rng_state()
    with pytest.raises(InputError, match=message) as raised:
        module_network(model, x, y, loss)
    assert "\n" not in str(raised.value)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value.nan_to_num(), before[name].nan_to_num()) for name, value in (model.state_dict().items() if before else ()))


@pytest.mark.unit
@pytest.mark.parametrize("loss", [F.cross_entropy, nn.CrossEntropyLoss(), F.mse_loss, nn.MSELoss(), nn.SmoothL1Loss(), nn.L1Loss(),
                                  nn.KLDivLoss(reduction="batchmean")], ids=lambda loss: repr(loss).split(" at ")[0])
def test_losses_of_torch_are_taken_apart(loss):
    """Into one a point, whose mean is what the loss gives."""
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(1))
    y = Y if "ross" in repr(loss) else z.flip(0).softmax(-1)
    found = point_loss(loss).points(nn.Identity(), z, y)
    torch.testing.assert_close(found.mean(), loss(z, y))
    torch.testing.assert_close(found[1:2].mean(), loss(z[1:2], y[1:2]))


@pytest.mark.unit
def test_what_vmap_cannot_map_is_run_row_by_row():
    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.sign()

        @staticmethod
        def backward(ctx, g):
            return g

    class Old(nn.Module):
        def forward(self, x):
            return Sign.apply(x) * float(x.detach().mean() > -100)

    network = module_network(chain(Old()), X, Y, F.cross_entropy)
    assert not network.program.mapped
    model = nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), Old(), nn.Linear(2, 2))
    result = se.measure(model, (X, Y), ["straight_through", "arm"], rows=60, seeds=2, jobs=1)
    assert "row by row" in repr(result)


@pytest.mark.unit
def test_a_chain_is_recognised():
    plain = nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), nn.Linear(2, 2))
    nested = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(3, 2), se.Bernoulli()), nn.Identity(), nn.Linear(2, 2))
    for model in (plain, nested):
        for loss in (F.cross_entropy, nn.CrossEntropyLoss(), "cross_entropy"):
            assert isinstance(module_problem(model, (X, Y), loss), Given)
    image = X.reshape(4, 1, 3, 1)
    assert isinstance(module_problem(nested, (image, Y), F.cross_entropy), Given)
    tied = nn.Linear(2, 2)
    others = (chain(), nn.Sequential(nn.Linear(3, 2, bias=False), se.Bernoulli(), nn.Linear(2, 2)),
              nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), se.BinaryLinear(2, 2)),
              nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), tied, se.Bernoulli(), tied),
              nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), nn.Linear(2, 2), se.Bernoulli(noise="normal"), nn.Linear(2, 2)))
    assert all(isinstance(module_problem(model, (X, Y), F.cross_entropy), Module) for model in others)
    assert isinstance(module_problem(plain, (X, Y), nn.CrossEntropyLoss(label_smoothing=0.1)), Module)


@pytest.mark.endtoend
def test_a_chain_and_a_module_give_one_table():
    """The engine and the module path on the same weights: the same numbers, of all groups, to rounding."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), se.Bernoulli(), nn.Linear(2, 2)).double()
    names = ["straight_through", "reinforce:baseline=leave_one_out,samples=4", "disarm"]
    options = {"rows": 200, "seeds": 3, "jobs": 1, "method": "sampled"}
    chain = se.measure(model, (X, Y), names, loss=F.cross_entropy, **options)
    module = se.measure(model, (X, Y), names, loss=lambda z, y: F.cross_entropy(z, y, reduction="none"), **options)
    one, other = (result.table[result.table.metric.isin(("bias2", "variance", "exact2"))].reset_index() for result in (chain, module))
    assert set(one.group) == {"layer0", "layer1", "all"} and set(other.group) == {"0", "2", "all"}
    torch.testing.assert_close(torch.tensor(one.value.to_numpy()), torch.tensor(other.value.to_numpy()))
    assert "units 2 Bernoulli" in repr(module) and "widths 2" in repr(chain)
    assert module.best(passes=2.0).label[0] == "straight_through"
    with pytest.raises(InputError, match=r"measure: a model needs its data; expected measure\(model, \(x, y\)"):
        se.measure(model, names)
    with pytest.raises(InputError, match="data and estimators, but no torch module"):
        se.measure("chain.npz", (X, Y), estimators=names)
