"""Chains written as torch modules, and small models of other kinds, for the tests; and their exact numbers by brute force.

Brute force shares nothing with the package's way: every module of units is replaced by one that is told its state, notes the probability
of that state and passes gradients by a factor; each joint state of each data point is one plain pass of torch.
"""

import copy
import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import straightedge as se
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network


class Logits(nn.Module):
    """Bernoulli's pre-activations that are parameters: a layer without input."""

    def __init__(self, values: Tensor):
        super().__init__()
        self.values = nn.Parameter(values.clone())

    def forward(self, x: Tensor) -> Tensor:
        return self.values.expand(len(x), -1)


def as_module(network: Network) -> nn.Sequential:
    """A chain as a module with the same parameters in the same order."""
    parts: list[nn.Module] = []
    for index, (weight, bias) in enumerate(network.layers):
        if weight.shape[1]:
            linear = nn.Linear(*reversed(weight.shape), dtype=weight.dtype)
            linear.load_state_dict({"weight": weight.clone(), "bias": bias.clone()})
            parts.append(linear)
        else:
            parts.append(Logits(bias))
        if index < network.depth:
            parts.append(se.Bernoulli(noise=network.noise, states=network.states))
    return nn.Sequential(*parts)


def loss_of(network: Network) -> Callable:
    """The loss of a chain as a function of (output, label)."""
    if isinstance(network.loss, StateFunction):
        return lambda z, y: network.loss.function(z)
    return {"CrossEntropy": F.cross_entropy, "LogisticLoss": "logistic", "SquaredError": "squared_error"}[type(network.loss).__name__]


class Skip(nn.Module):
    """Two layers of units; the second sees the data and the first, the output both layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.out = nn.Linear(2, 2), nn.Linear(4, 2), nn.Linear(4, 2)
        self.units, self.more = se.Bernoulli(noise="normal"), se.Bernoulli(states=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        h = self.units(self.first(x))
        g = self.more(self.second(torch.cat((x, h), -1)).tanh() * 2)
        return self.out(torch.cat((h, g), -1))


class Recurrent(nn.Module):
    """Three steps of one cell whose states are binary: one module of units, called three times."""

    def __init__(self):
        super().__init__()
        self.read, self.keep, self.out, self.units = nn.Linear(1, 2), nn.Linear(2, 2), nn.Linear(2, 2), se.Bernoulli()

    def forward(self, x: Tensor) -> Tensor:
        h = x.new_zeros(len(x), 2)
        for step in range(x.shape[1]):
            h = self.units(self.read(x[:, step:step + 1]) + self.keep(h))
        return self.out(h)


class Spiking(nn.Module):
    """A leaky neuron with reset, two of them, for three steps, by the plain function; the loss sees the number of spikes."""

    def __init__(self):
        super().__init__()
        self.read, self.out = nn.Linear(1, 2), nn.Linear(2, 2)
        self.units = se.Bernoulli(states=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        potential, count = 0.0, 0.0
        for step in range(x.shape[1]):
            potential = 0.8 * potential + self.read(x[:, step:step + 1])
            spike = self.units(2 * potential - 1)
            potential, count = potential * (1 - spike), count + spike
        return self.out(count)


def penalised(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Cross entropy with a penalty on the parameters and one on the output's size: the general form of a loss."""
    z = model(x)
    return F.cross_entropy(z, y, reduction="none") + 0.1 * sum(value.square().sum() for value in model.parameters()) + z.square().sum(-1)


def convolution() -> nn.Module:
    """Convolution, frozen batch norm with statistics, units, a convolution with units behind it."""
    model = nn.Sequential(nn.Conv2d(1, 2, 4, stride=4), nn.BatchNorm2d(2), se.Bernoulli(), nn.Conv2d(2, 1, 2), se.Bernoulli(), nn.Flatten(),
                          nn.Linear(1, 3))
    model[1].running_mean.uniform_(-0.5, 0.5)
    model[1].running_var.uniform_(0.5, 1.5)
    return model


def cases() -> dict[str, tuple[nn.Module, Tensor, Tensor, object]]:
    """Name -> (model in evaluation, x, y, loss), float64."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        x, y = torch.randn(3, 2), torch.tensor([0, 1, 1])
        weights = nn.Sequential(se.BinaryLinear(2, 2), nn.Tanh(), se.BinaryLinear(2, 1, bias=False, per_point=True), se.Bernoulli(),
                                nn.Linear(1, 2))
        kernel = nn.Sequential(se.BinaryConv2d(1, 1, 2, stride=2, padding=1), se.Bernoulli(noise="uniform"), nn.Flatten(), nn.Linear(4, 2))
        tied = nn.Linear(2, 2)
        other = nn.Linear(2, 2)
        other.weight = tied.weight
        twice = nn.Sequential(tied, se.Bernoulli(noise="logistic2"), tied, nn.Tanh(), other, se.Bernoulli(),
                              nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
        found = {
            "tied": (twice, x, y, F.cross_entropy),
            "skip": (Skip(), x, y, F.cross_entropy), "recurrent": (Recurrent(), torch.randn(3, 3), y, nn.CrossEntropyLoss()),
            "spiking": (Spiking(), torch.randn(2, 3), y[:2], F.cross_entropy), "weights": (weights, x, y, F.cross_entropy),
            "kernel": (kernel, torch.randn(2, 1, 2, 2), y[:2], F.cross_entropy), "penalty": (Skip(), x, y, penalised),
            "digits": (convolution(), digits(), torch.tensor([0, 1]), F.cross_entropy)}
        return {name: (model.double().eval(), x.double(), y, loss) for name, (model, x, y, loss) in found.items()}


def digits() -> Tensor:
    """The images of a zero and a one, [2, 1, 8, 8]."""
    from sklearn.datasets import load_digits

    return torch.from_numpy(load_digits().images[:2]).unsqueeze(1) / 16


class Told(nn.Module):
    """In the place of a module of units: takes its states from a list, notes their probability, passes gradients by `factor(a, x)`."""

    def __init__(self, given: nn.Module, book: dict, factor: Callable | None):
        super().__init__()
        self.given, self.book, self.factor = [given], book, factor

    def units(self, a: Tensor) -> Tensor:
        own = self.given[0]
        bits = torch.tensor([self.book["bits"].pop(0) for _ in range(a.numel())]).view(a.shape)
        lo, hi = own.states
        x = torch.where(bits, hi, lo).double()
        for value, bit in zip(a.reshape(-1), bits.reshape(-1), strict=True):
            self.book["chance"] = self.book["chance"] * own.noise.cdf(value if bit else -value)
        return x if self.factor is None else x + (a - a.detach()) * (self.factor(a.detach(), own) * (hi - lo) / 2)

    def forward(self, x: Tensor) -> Tensor:
        own = self.given[0]
        if isinstance(own, se.Bernoulli):
            return self.units(x)
        weights = self.units(own.latent)
        if isinstance(own, se.BinaryLinear):
            return F.linear(x, weights, own.bias)
        return F.conv2d(x, weights, own.bias, stride=own.stride, padding=own.padding)


def replaced(model: nn.Module, book: dict, factor: Callable | None) -> nn.Module:
    """A copy whose units are told."""
    model = copy.deepcopy(model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, se.Bernoulli | se.BinaryLinear | se.BinaryConv2d):
                told = Told(child, book, factor)
                for key, value in child.named_parameters():
                    told.register_parameter(key, value)
                setattr(parent, name, told)
    return model


def brute_force(case: tuple, units: int, factor: Callable | None = None) -> Tensor:
    """The exact gradient [d] of the mean loss; with a factor, the mean row of the rule with that local derivative for states -1 and +1."""
    model, x, y, loss = case
    book: dict = {}
    told, total = replaced(model, book, factor), 0.0
    parameters = [value for value in told.parameters() if value.requires_grad]
    for point in range(len(x)):
        here = slice(point, point + 1)
        for bits in itertools.product((False, True), repeat=units):
            book |= {"bits": list(bits), "chance": torch.ones((), dtype=torch.float64)}
            value = loss(told, x[here], y[here]).sum() if loss is penalised else loss(told(x[here]), y[here])
            chance = book["chance"] if factor is None else book["chance"].detach()
            parts = torch.autograd.grad(chance * value, parameters, materialize_grads=True)
            total = total + torch.cat([part.reshape(-1) for part in parts]) / len(x)
    assert not book["bits"]
    return total
