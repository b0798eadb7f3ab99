"""Exact mean and variance of an estimator's rows for the tests, by the estimator's own code: it is fed a grid of uniforms.

Between the places where any unit's state can change, a row is a polynomial in the uniforms (or a smooth function), so a
Gauss-Legendre rule in every cell, for all units jointly, integrates it to rounding.  Only for tiny networks, and for units that are
not nearly certain: a cell knows its size to 1e-16, and DARN divides by it.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from straightedge.estimators.network.loss import LogisticLoss, Loss, SquaredError, StateFunction
from straightedge.estimators.network.network import SIGNS, Network
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.sum.state import state_table

ROWS = 300_000


@dataclass(frozen=True, eq=False)
class Grid(Network):
    """A network whose uniforms are these."""

    grid: tuple[Tensor, ...] = ()

    def uniform(self, rng, *rows):
        return [u.reshape(*rows, 1, u.shape[-1]) for u in self.grid]


def network(widths: tuple[int, ...], loss: Loss, outputs: int = 2, points: int = 3, inputs: int = 2, noise=LOGISTIC, states=SIGNS,
            scale: float = 1.0, seed: int = 0) -> Network:
    """Random weights, data and labels that fit the loss."""
    rng = torch.Generator().manual_seed(seed)
    outputs = 0 if isinstance(loss, StateFunction) else 1 if isinstance(loss, LogisticLoss) else outputs
    sizes = [inputs, *widths, *([outputs] if outputs else [])]
    draw = dict(generator=rng, dtype=torch.float64)
    weights = [scale * torch.randn(o, i, **draw) / max(1, i) ** 0.5 for i, o in zip(sizes, sizes[1:], strict=False)]
    biases = [0.3 * torch.randn(o, **draw) for o in sizes[1:]]
    labels = torch.randint(0, outputs or 1, (points,), generator=rng)
    if isinstance(loss, LogisticLoss):
        labels = torch.randint(0, 2, (points,), generator=rng) * 2 - 1
    if isinstance(loss, SquaredError):
        labels = torch.randn(points, outputs, **draw)
    return Network.of(weights, biases, torch.randn(points, inputs, **draw), labels, loss, noise, states)


def cells(breaks: Tensor, order: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights of (0, 1), cut at these places."""
    breaks = torch.unique(torch.cat((breaks.flatten().clamp(0, 1), breaks.new_tensor([0.0, 1.0]))))
    node, weight = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(order))
    size = breaks.diff().unsqueeze(1)
    return (breaks[:-1, None] + size * (node + 1) / 2).flatten(), (size * weight / 2).flatten()


def moments(estimator, network: Network, order: int = 1, antithetic: bool = False, copies: int = 1, temperature: float = 1.0,
            ends: int = 0):
    """(mean [d], variance [d]) of a row.  `order` nodes a cell; cuts at 1 - p too where `antithetic`; `copies` samples a row;
    states that are hi where u < F(a / temperature); `ends` cells that shrink towards 0 and 1, where z is infinite."""
    ending = 0.25 ** torch.arange(1, ends + 1, dtype=torch.float64)
    found = []
    for point in range(len(network.inputs)):
        axes = []
        for layer in range(network.depth):
            x = state_table(network, layer - 1) if layer else network.inputs[point:point + 1]
            p = network.noise.cdf(F.linear(x, *network.layers[layer]) / temperature)
            axes += [cells(torch.cat((unit, 1 - unit) if antithetic else (unit, ending, 1 - ending)), order) for unit in p.T]
        axes = axes * copies
        rows = math.prod(len(weight) for _, weight in axes)
        assert rows <= ROWS, f"{rows} rows are too many"
        place = torch.cartesian_prod(*(torch.arange(len(weight)) for _, weight in axes)).view(rows, -1)
        u, weight = (torch.stack([axis[part][place[:, i]] for i, axis in enumerate(axes)], 1) for part in (0, 1))
        weight, u = weight.prod(1), u.view(rows, copies, -1).split(network.widths, 2)
        values = {field.name: getattr(network, field.name) for field in fields(Network)}
        values |= {"inputs": network.inputs[point:point + 1], "labels": network.labels[point:point + 1]}
        row = estimator(Grid(**values, grid=u), rows, torch.Generator())
        mean = weight @ row
        found.append((mean, weight @ (row - mean).square()))
    means, variances = zip(*found, strict=True)
    return sum(means) / len(means), sum(variances) / len(means) ** 2


def distance(network: Network, found: Tensor, truth: Tensor) -> float:
    """The largest difference, layer by layer relative to the layer's largest entry."""
    return max(((found - truth)[part].abs().max() / truth[part].abs().max().clamp_min(1e-12)).item()
               for part in network.groups.values())


def agree(network: Network, found, truth, tolerance: float = 1e-12) -> bool:
    """Whether mean and variance are the same to `tolerance`; rounding leaves a variance that is zero at 1e-16 of the squared mean."""
    scale = max(1.0, truth[0].abs().max().item() ** 2)
    near = (found.variance - truth[1]).abs().max().item() < 1e-15 * scale or distance(network, found.variance, truth[1]) < tolerance
    return near and distance(network, found.mean, truth[0]) < tolerance
