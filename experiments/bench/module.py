"""Part d: gradient estimates a second of a torch module, beside the engine on the same chain and a loop of backward passes."""

from collections.abc import Iterator
from functools import partial

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.module.build import module_network
from straightedge.estimators.module.unit import Bernoulli
from straightedge.estimators.network.network import Network
from straightedge.experiments.bench.rows import rate
from straightedge.experiments.bench.timing import seconds

CHAIN = Points((5, 5, 5), points=200)
ESTIMATORS = ("straight_through", "reinforce")
ROWS, LOOPED = 256, 20
"""Estimates of a call, and of a call of the loop."""


def as_module(network: Network) -> nn.Sequential:
    """The same chain as a torch module."""
    parts: list[nn.Module] = []
    for index, (weight, bias) in enumerate(network.layers):
        linear = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        linear.load_state_dict({"weight": weight, "bias": bias})
        parts += [linear, Bernoulli(states=network.states)] if index < network.depth else [linear]
    return nn.Sequential(*parts)


def convolutional() -> tuple[nn.Sequential, Tensor, Tensor]:
    """(a convolution with frozen batch norm under 36 units, images of digits, their classes)."""
    torch.manual_seed(0)
    images, classes = load_digits(return_X_y=True)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), Bernoulli(), nn.Flatten(), nn.Linear(36, 10))
    return model.double().eval(), torch.as_tensor(images[:50] / 16).view(-1, 1, 8, 8), torch.as_tensor(classes[:50])


def loop(model: nn.Module, x: Tensor, y: Tensor, n: int) -> Tensor:
    """The estimates as a training loop makes them, one backward pass after the other."""
    parameters, found = list(model.parameters()), []
    for _ in range(n):
        parts = torch.autograd.grad(cross_entropy(model(x), y), parameters)
        found.append(torch.cat([part.reshape(-1) for part in parts]))
    return torch.stack(found)


def rows(device: str) -> Iterator[dict]:
    """One row for every network, estimator and way; on the processor, where modules are measured."""
    if device != "cpu":
        return
    chain = CHAIN.build()
    cases = {"5-5-5": (as_module(chain), chain.inputs, chain.labels), "convolution": convolutional()}
    for case, (model, x, y) in cases.items():
        network = module_network(model, x, y, cross_entropy)
        rng = torch.Generator().manual_seed(0)
        for name in ESTIMATORS:
            common = {"part": "module", "case": case, "points": len(x), "estimator": name}
            estimator = estimator_of(name)
            ways = {"straightedge": (ROWS, partial(estimator, network, ROWS, rng))}
            if case == "5-5-5":
                ways["engine"] = ROWS, partial(estimator, chain, ROWS, rng)
            if name == "straight_through":
                ways["loop"] = LOOPED, partial(loop, model, x, y, LOOPED)
            for way, (n, draw) in ways.items():
                yield common | {"method": way} | rate(seconds(draw, device, 9, 2.0), n)
