"""How rare the states of a network's units are, and how large an estimate can be: what is known before a row is drawn.

Shapes: b data points, o and i units above and below an affine layer, k states drawn."""

from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor

from straightedge.analysis.accuracy.truth import Layer, Rare
from straightedge.estimators.network.network import Network

PASSES, CORNERS = 64, 256
OUTPUTS, LEAST = 1 << 22, 8
"""Numbers that the outputs of all passes take together; below it so many passes as this, one after the other."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a network before a row is drawn."""

    loss: float
    """Mean |loss| over states as they come; 1 where that is zero."""
    rounding: Tensor
    """Below which a difference of estimates is rounding, per parameter [d]."""
    rare: Rare | None
    hidden: tuple[str, ...]
    """Groups that are hidden layers."""


@singledispatch
def known(network: Network, dtype: torch.dtype) -> Known:
    """What is known of this network, for rows in this precision."""
    return Known(typical_loss(network), rounding(network, dtype), rarity(network), tuple(network.groups)[:network.depth])


def rarity(network: Network) -> Rare:
    """Probabilities of the rarer states, averaged over the units below, and the sizes of loss and inputs.

    The states below are drawn, PASSES times; given them the probabilities are exact, however small."""
    rng = torch.Generator(network.theta.device).manual_seed(0)
    x, rare, upper = network.data(PASSES), [], []
    for layer in range(network.depth):
        a = network.affine(layer, x)
        probability = network.noise.cdf(a)
        upper.append(probability.mean(0))
        rare.append(torch.minimum(upper[-1], network.noise.cdf(-a).mean(0)))
        x = network.encode(torch.rand(probability.shape, generator=rng, dtype=a.dtype, device=a.device) < probability)
    inputs = [(network.inputs != 0).double(), network.inputs.abs()]
    layers, sizes = [], []
    largest = torch.stack(magnitudes(network, rng)).max()
    for layer, (out, _) in enumerate(network.shapes):
        flips = rare[layer].double() if layer < network.depth else network.inputs.new_ones(len(network.inputs), out).double()
        for above in rare[layer + 1:]:
            flips = flips * above.sum(1, keepdim=True).clamp_max(1)
        layers.append(Layer(flips, *(part.double() for part in inputs)))
        widest = inputs[1].amax(0)
        sizes.append(torch.cat((widest.expand(out, -1).reshape(-1), widest.new_ones(out))))
        if layer < network.depth:
            lo, hi = network.states
            inputs = [(hi != 0) * upper[layer] + (lo != 0) * (1 - upper[layer]), abs(hi) * upper[layer] + abs(lo) * (1 - upper[layer])]
    size = torch.cat(sizes).double() * float(largest) / len(network.inputs)
    return Rare(tuple(layers), torch.cat([part.reshape(-1) for part in rare]).double().sort().values, size)


def magnitudes(network: Network, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """(largest |loss|, largest |derivative of the loss by an output|) over states of the last layer that are drawn uniformly."""
    shape = (passes(network, CORNERS), len(network.inputs), network.widths[-1])
    state = network.encode(torch.rand(shape, generator=rng, dtype=network.theta.dtype, device=network.theta.device) < 0.5)
    largest, steepest = network.theta.new_zeros(2)
    for part in parts(network, state):
        value, slope = network.outcome(network.output(part))
        largest = torch.maximum(largest, value.abs().max())
        steepest = steepest if slope is None else torch.maximum(steepest, slope.abs().max())
    return largest, steepest


def passes(network: Network, most: int) -> int:
    """As many as are to be drawn: fewer on networks of many data points and outputs."""
    return min(most, max(LEAST, OUTPUTS // (len(network.inputs) * max(1, network.outputs))))


def parts(network: Network, state: Tensor) -> tuple[Tensor, ...]:
    """The passes, as many together as OUTPUTS allows."""
    return state.split(max(1, OUTPUTS // (len(network.inputs) * max(1, network.outputs))))


def typical_loss(network: Network) -> float:
    """Mean |loss| over states drawn as they come; 1 where that is zero."""
    rng = torch.Generator(network.theta.device).manual_seed(0)
    x = network.data(passes(network, PASSES))
    for layer in range(network.depth):
        probability = network.noise.cdf(network.affine(layer, x))
        x = network.encode(torch.rand(probability.shape, generator=rng, dtype=x.dtype, device=x.device) < probability)
    return float(torch.cat([network.value(network.output(part)).abs() for part in parts(network, x)]).mean()) or 1.0


def rounding(network: Network, dtype: torch.dtype) -> Tensor:
    """Below which a difference of estimates in this precision is rounding, per parameter [d]: a few units in the last place of the
    sums that it is made of, losses times the rounding of pre-activations, and of outputs times the loss's derivative."""
    value, slope = magnitudes(network, torch.Generator(network.theta.device).manual_seed(0))
    widest, sums, sizes = network.inputs.abs().amax(0), [], []
    for weight, bias in network.layers:
        sums.append(float((weight.abs() @ widest + bias.abs()).max()))
        sizes.append(torch.cat((widest.expand(len(bias), -1).reshape(-1), widest.new_ones(len(bias)))))
        widest = widest.new_full((len(bias),), max(map(abs, network.states)))
    output = sums.pop() if network.outputs else 0.0
    size = float(value) * (1 + max(sums)) + float(slope) * (1 + output)
    return 4 * torch.finfo(dtype).eps * size * torch.cat(sizes).double()
