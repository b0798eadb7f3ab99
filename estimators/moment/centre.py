"""Pre-activations at all states below, and the states about which moments are taken: those that the data's likeliest paths lead to.

Shapes: b data points, n units, s states below a layer or data points."""

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.reference import References, grouping, references
from straightedge.estimators.sum.state import state_table


def activations(network: Network) -> list[Tensor]:
    """The pre-activations of every Bernoulli layer, for the data or for every state below."""
    below = [network.inputs, *(state_table(network, layer) for layer in range(network.depth - 1))]
    return [F.linear(x, *layer) for x, layer in zip(below, network.layers, strict=False)]


def centres(network: Network) -> list[tuple[References, Tensor | None]]:
    """(reference states, number of the one that each state below or data point has) of every Bernoulli layer."""
    above = [a.T for a in activations(network)]
    return [(among, grouping(among, network.noise, a)) for among, a in zip(references(above, network.noise), above, strict=True)]


def numbers(middles: list[tuple[References, Tensor | None]], points: int) -> list[Int[Tensor, " b"]]:
    """The number, among the references of every Bernoulli layer, of the one that each data point's path leads to."""
    number = torch.zeros(points, dtype=torch.long, device=middles[0][0].states.device)
    found, path = list[Tensor](), torch.arange(points, device=number.device)
    for among, group in middles:
        number = torch.zeros_like(number) if group is None else group[path].long()
        found.append(number)
        path = among.states[number]
    return found
