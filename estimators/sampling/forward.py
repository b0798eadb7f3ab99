"""Sampling of states and losses, shared by every estimator that evaluates the loss at sampled states."""

from typing import Literal

import torch
from torch import Tensor

from straightedge.estimators.network.network import Network

Coupling = Literal["common", "independent"]
"""Whether the layers above two states that are compared are sampled with the same uniforms, or each with its own."""


def climb(network: Network, x: Tensor, us: list[Tensor], layer: int = 0) -> tuple[list[Tensor], list[Tensor]]:
    """(states, activations) of the Bernoulli layers `layer` and up, from the input state x of that layer; u < F(a) gives hi."""
    states, activations = [], []
    for index in range(layer, network.depth):
        a = network.affine(index, x)
        x = network.encode(us[index] < network.noise.cdf(a))
        states.append(x)
        activations.append(a)
    return states, activations


def rollout(network: Network, x: Tensor, us: list[Tensor], layer: int) -> Tensor:
    """The loss [.., b] reached from the state x of Bernoulli layer `layer`, the layers above sampled with their uniforms."""
    states, _ = climb(network, x, us, layer + 1)
    return network.value(network.output(states[-1] if states else x))


def trunk(network: Network, us: list[Tensor]) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """(input state of every affine layer, activations of the Bernoulli layers, outputs z) of one sampled forward pass."""
    data = network.data(*us[0].shape[:-2])
    states, activations = climb(network, data, us)
    return [data, *states], activations, network.output(states[-1])


def uniforms_above(us: list[Tensor], coupling: Coupling, rng: torch.Generator) -> list[Tensor]:
    """The uniforms with which the layers above another state of a layer are sampled: the trunk's, or new ones."""
    if coupling == "common":
        return us
    return [torch.rand(u.shape, generator=rng, dtype=u.dtype, device=u.device) for u in us]


def mean_of_others(values: Tensor) -> Tensor:
    """For each of the samples along axis 1, the mean of the others."""
    return (values.sum(1, keepdim=True) - values) / (values.shape[1] - 1)


def estimate_rows(network: Network, states: list[Tensor], deltas: list[Tensor], slope: Tensor | None) -> Tensor:
    """The rows [n, d] from the deltas of the Bernoulli layers and the loss's own derivative at the outputs."""
    if network.outputs:
        assert slope is not None
        deltas = [*deltas, slope]
    return network.rows(states[: len(deltas)], deltas)
