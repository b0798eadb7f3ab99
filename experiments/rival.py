"""What the benchmark compares with: joint enumeration, a loop of backward passes, and the same estimates written out by hand."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from estimators.network import Network
from estimators.transfer import enumerate_states


def joint_gradient(network: Network) -> Float[Tensor, " d"]:
    """The exact gradient by enumeration of all joint states in one batch, with autograd: 2^(sum of widths) rows for each data point."""
    theta = network.theta.detach().requires_grad_()
    moving, x = network.at(theta), network.inputs.unsqueeze(1)
    bits = enumerate_states(torch.arange(2 ** sum(network.widths)), sum(network.widths), theta)
    log_p = 0.0
    for layer, own in enumerate(bits.split(network.widths, 1)):
        a = F.linear(x, *moving.layers[layer])
        p = network.noise.cdf(a * (2 * own - 1))
        log_p = log_p + p.log().sum(-1)
        x = network.states[0] + network.span * own
    z = F.linear(x, *moving.layers[-1]) if network.outputs else x
    loss = network.coefficients @ network.loss.features(z).T
    return torch.autograd.grad((log_p.exp() * loss).sum(1).mean(), theta)[0]


def loop(network: Network, estimator: str, n: int, rng: torch.Generator) -> Float[Tensor, "n d"]:
    """n estimates by n forward and backward passes through autograd, as a training step does it: straight_through or reinforce."""
    theta = network.theta.detach().requires_grad_()
    moving, rows = network.at(theta), []
    for _ in range(n):
        x, log_p = network.inputs, 0.0
        for layer, u in enumerate(network.uniform(rng)):
            p = network.noise.cdf(F.linear(x, *moving.layers[layer]))
            upper = (u < p.detach()).to(p)
            if estimator == "reinforce":
                log_p = log_p + torch.where(upper > 0, p, 1 - p).log().sum(-1)
                x = network.states[0] + network.span * upper
            else:
                x = network.states[0] + network.span * (upper + p - p.detach())
        loss = network.loss(F.linear(x, *moving.layers[-1]), network.coefficients)
        rows.append(torch.autograd.grad((loss + loss.detach() * log_p).mean(), theta)[0])
    return torch.stack(rows)


def by_hand(network: Network, estimator: str, n: int, rng: torch.Generator) -> Float[Tensor, "n d"]:
    """n estimates of straight_through or reinforce, logistic noise and cross-entropy, in vectorised torch without autograd: the
    ceiling of what an engine that asks only for a rule can reach."""
    (lo, _), span, b = network.states, network.span, len(network.inputs)
    *hidden, (w_out, b_out) = network.layers
    states, chances = [network.inputs], []
    for (w, c), u in zip(hidden, network.uniform(rng, n), strict=True):
        p = torch.sigmoid(F.linear(states[-1], w, c))
        states.append(lo + span * (u < p).to(p))
        chances.append(p)
    z = F.linear(states[-1], w_out, b_out)
    log_q = F.log_softmax(z, -1)
    delta = log_q.exp() - network.coefficients
    parts = [delta.sum(1) / b, ((delta.transpose(1, 2) @ states[-1]) / b).flatten(1)]
    value = -(log_q * network.coefficients).sum(-1, keepdim=True)
    g = delta @ w_out
    for layer in reversed(range(network.depth)):
        p, x = chances[layer], states[layer + 1]
        delta = value * ((x - lo) / span - p) if estimator == "reinforce" else span * p * (1 - p) * g
        below = states[layer]
        parts += [delta.sum(1) / b, ((delta.transpose(1, 2) @ below) / b).flatten(1)]
        if layer and estimator != "reinforce":
            g = delta @ hidden[layer][0]
    return torch.cat(parts[::-1], 1)
