"""Evaluations with the units of one layer changed one at a time, all units side by side.

Shapes: n rows, b data points, i units of the layer that is changed, o units above it.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from estimators.meter import METER
from estimators.network import Network
from estimators.sample import climb

BLOCK_BYTES = 16 << 20


def blocks(network: Network, step: Float[Tensor, "n b i"]) -> list[slice]:
    """Slices of the units i that are changed side by side: a tensor of the widest layer takes BLOCK_BYTES for each slice."""
    rows, points, units = step.shape
    size = rows * points * max(*network.widths, network.outputs) * step.element_size()
    count = max(1, BLOCK_BYTES // size)
    return [slice(start, min(units, start + count)) for start in range(0, units, count)]


def shifted(network: Network, layer: int, a: Float[Tensor, "n b o"], step: Float[Tensor, "n b i"],
            units: slice) -> Float[Tensor, "n j b o"]:
    """The activations of affine layer `layer` with its input unit i alone changed by step_i, for the units j of a slice.

    They differ from those at the unchanged input, a, by one column of the weights.  The layer behind the last is the identity."""
    if layer < len(network.layers):
        columns = network.layers[layer][0].T[units]
    else:
        columns = torch.eye(step.shape[-1], dtype=a.dtype, device=a.device)[units]
    step = step[..., units].transpose(1, 2).unsqueeze(-1)
    METER.forward(step.shape, columns.shape[-1])
    return a.unsqueeze(1) + step * columns.unsqueeze(1)


def flip(network: Network, x: Tensor) -> Tensor:
    """The change that takes every unit from its state to its other state."""
    return sum(network.states) - 2 * x


def losses(network: Network, layer: int, above: Float[Tensor, "n b o"], us: list[Tensor],
           step: Float[Tensor, "n b i"]) -> Float[Tensor, "n b i"]:
    """The loss with unit i of Bernoulli layer `layer` alone changed by step_i, the layers above sampled with their uniforms.

    `above` is the activation of the next layer, or the output, at the unchanged state."""
    us = [u.unsqueeze(1) for u in us]
    parts = []
    for units in blocks(network, step):
        z = shifted(network, layer + 1, above, step, units)
        if layer + 1 < network.depth:
            x = network.encode(us[layer + 1] < network.noise.cdf(z))
            states, _ = climb(network, x, us, layer + 2)
            z = network.output(states[-1] if states else x)
        parts.append(network.value(z))
    return torch.cat(parts, 1).transpose(1, 2)
