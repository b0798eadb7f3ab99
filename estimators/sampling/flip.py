"""Evaluations with the units of one layer changed one at a time, all units side by side.

Shapes: n rows, b data points, i units of the layer that is changed, o units above it.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.block import slices
from straightedge.estimators.sampling.forward import climb


def blocks(network: Network, step: Float[Tensor, "n b i"]) -> list[slice]:
    """Slices of the units i that are changed side by side."""
    rows, points, units = step.shape
    return slices(units, rows * points * max(*network.widths, network.outputs) * step.element_size(), step.device)


def shifted(network: Network, layer: int, a: Float[Tensor, "n b o"], step: Float[Tensor, "n b i"],
            units: slice) -> Float[Tensor, "n j b o"]:
    """The activations of affine layer `layer` with its input unit i alone changed by step_i, for the units j of a slice.

    They differ from those at the unchanged input, a, by one column of the weights.  The layer behind the last is the identity."""
    if layer < len(network.layers):
        columns = network.layers[layer][0].T[units]
    else:
        columns = torch.eye(step.shape[-1], dtype=a.dtype, device=a.device)[units]
    step = step[..., units].transpose(1, 2).unsqueeze(-1)
    network.passes.forward(step.shape, columns.shape[-1])
    return a.unsqueeze(1) + step * columns.unsqueeze(1)


def flip(network: Network, x: Tensor) -> Tensor:
    """The change that takes every unit from its state to its other state."""
    return sum(network.states) - 2 * x


def losses(network: Network, layer: int, above: Float[Tensor, "n b o"], us: list[Tensor],
           step: Float[Tensor, "n b i"]) -> Float[Tensor, "n b i"]:
    """The loss with unit i of Bernoulli layer `layer` alone changed by step_i, the layers above sampled with their uniforms.

    `above` is the activation of the next layer, or the output, at the unchanged state."""
    us, parts = [u.unsqueeze(1) for u in us], []
    thresholds = network.noise.quantile(us[layer + 1]) if layer + 1 < network.depth else None  # once, not for every flip
    for units in blocks(network, step):
        z = shifted(network, layer + 1, above, step, units)
        if thresholds is not None:
            x = network.encode(thresholds < z)
            states, _ = climb(network, x, us, layer + 2)
            z = network.output(states[-1] if states else x)
        parts.append(network.value(z))
    return torch.cat(parts, 1).transpose(1, 2)
