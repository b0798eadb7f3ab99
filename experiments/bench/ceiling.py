"""Two ends of the scale for sampled gradients of a logistic {-1, +1} chain with a cross-entropy output: the ceiling and the loop.

The ceiling is each estimate written out by hand in vectorised torch, without autograd, without any of the engine's generality.  The
loop is one backward pass of torch's autograd for every estimate.  Both draw uniforms as the engine does, so that all three give
the same rows from the same generator.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from straightedge.estimators.network.network import Network

TAU = 0.5


def outer(inputs: Tensor, states: list[Tensor], deltas: list[Tensor]) -> Tensor:
    """The rows [n, d]: every layer's mean outer product and mean delta."""
    points, parts = len(inputs), []
    for layer, delta in enumerate(deltas):
        swapped = delta.transpose(1, 2) / points
        weight = swapped @ (states[layer] if layer else inputs)
        parts += [weight.flatten(1), swapped.sum(2)]
    return torch.cat(parts, 1)


def forward(network: Network, us: list[Tensor]) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """(input states of every layer, probabilities, outputs)."""
    x, states, probabilities = network.inputs, [network.inputs], []
    for (weight, bias), u in zip(network.layers, us, strict=False):
        p = torch.sigmoid(F.linear(x, weight, bias))
        x = (u < p).to(p).mul_(2).sub_(1).expand_as(u)
        states.append(x)
        probabilities.append(p)
    return states, probabilities, F.linear(x, *network.layers[-1])


def loss(network: Network, z: Tensor) -> Tensor:
    """Cross-entropy [n, b]."""
    return torch.logsumexp(z, -1) - z.gather(-1, network.labels.expand(z.shape[:-1]).unsqueeze(-1)).squeeze(-1)


def slope(network: Network, z: Tensor) -> Tensor:
    """The derivative of the cross-entropy by the outputs."""
    return torch.softmax(z, -1) - network.coefficients


def reinforce(network: Network, n: int, rng: torch.Generator) -> Tensor:
    """The loss times the score."""
    us = network.uniform(rng, n)
    states, probabilities, z = forward(network, us)
    value = loss(network, z).unsqueeze(-1)
    deltas = [value * ((x + 1) / 2 - p) for x, p in zip(states[1:], probabilities, strict=True)]
    return outer(network.inputs, states, [*deltas, slope(network, z)])


def arm(network: Network, n: int, rng: torch.Generator) -> Tensor:
    """A difference of antithetic evaluations in every layer."""
    us = network.uniform(rng, n)
    states, probabilities, z = forward(network, us)
    value, deltas = loss(network, z), []
    for layer, (u, p) in enumerate(zip(us, probabilities, strict=True)):
        x = torch.where(u > 1 - p, 1.0, -1.0).to(u)
        for (weight, bias), noise in zip(network.layers[layer + 1: -1], us[layer + 1:], strict=True):
            x = torch.where(noise < torch.sigmoid(F.linear(x, weight, bias)), 1.0, -1.0).to(u)
        opposite = loss(network, F.linear(x, *network.layers[-1]))
        deltas.append((opposite - value).unsqueeze(-1) * (u - 0.5))
    return outer(network.inputs, states, [*deltas, slope(network, z)])


def backward(network: Network, states: list[Tensor], factors: list[Tensor], z: Tensor) -> Tensor:
    """The rows from local derivatives."""
    deltas = [slope(network, z)]
    for factor, (weight, _) in zip(reversed(factors), reversed(network.layers), strict=False):
        deltas.insert(0, (deltas[0] @ weight) * factor)
    return outer(network.inputs, states, deltas)


def straight_through(network: Network, n: int, rng: torch.Generator) -> Tensor:
    """The derivative of the mean."""
    states, probabilities, z = forward(network, network.uniform(rng, n))
    return backward(network, states, [2 * p * (1 - p) for p in probabilities], z)


def st_gumbel(network: Network, n: int, rng: torch.Generator) -> Tensor:
    """The derivative of the relaxed state with the same noise."""
    us = network.uniform(rng, n)
    states, probabilities, z = forward(network, us)
    relaxed = [torch.sigmoid((torch.logit(p) - torch.logit(u)) / TAU) for p, u in zip(probabilities, us, strict=True)]
    return backward(network, states, [2 / TAU * r * (1 - r) for r in relaxed], z)


CEILING = {call.__name__: call for call in (reinforce, arm, straight_through, st_gumbel)}


def backward_pass(name: str, network: Network, rng: torch.Generator) -> Tensor:
    """One estimate [d] from one backward pass of autograd over the parameters."""
    theta = network.theta.detach().requires_grad_()
    live, us = network.at(theta), [u[0] for u in network.uniform(rng, 1)]
    x, states = network.inputs, []
    for (weight, bias), u in zip(live.layers, us, strict=False):
        a = F.linear(x, weight, bias)
        p = torch.sigmoid(a)
        hard = 2 * (u < p).to(p) - 1
        states.append((a, p, hard, u))
        x = hard
        if name == "straight_through":
            x = hard + 2 * (p - p.detach())
        elif name == "st_gumbel":
            soft = 2 * torch.sigmoid((a - torch.logit(u)) / TAU)
            x = hard + soft - soft.detach()
    value = loss(network, F.linear(x, *live.layers[-1]))
    total = value.mean()
    if name == "reinforce":
        total = total + sum((value.detach() * torch.where(h > 0, F.logsigmoid(a), F.logsigmoid(-a)).sum(1)).mean()
                            for a, _, h, _ in states)
    elif name == "arm":
        for layer, (a, p, _, u) in enumerate(states):
            with torch.no_grad():
                x = torch.where(u > 1 - p, 1.0, -1.0).to(u)
                for (weight, bias), noise in zip(network.layers[layer + 1: -1], us[layer + 1:], strict=True):
                    x = torch.where(noise < torch.sigmoid(F.linear(x, weight, bias)), 1.0, -1.0).to(u)
                difference = loss(network, F.linear(x, *network.layers[-1])) - value
            total = total + (difference.unsqueeze(-1) * (u - 0.5) * a).sum(1).mean()
    return torch.autograd.grad(total, theta)[0]


def loop(name: str, network: Network, n: int, rng: torch.Generator) -> Tensor:
    """n rows, one backward pass each."""
    return torch.stack([backward_pass(name, network, rng) for _ in range(n)])
