"""Batched joint enumeration: all states of all layers at once, in one batch, with autograd.  And the floor of the exact gradient."""

import time

import torch
import torch.nn.functional as F
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.cost import exact_cost
from straightedge.estimators.sum.state import enumerate_states
from straightedge.estimators.sum.transfer import split

LIMIT = 16
"""Joint states that one batch takes, as a power of two."""


def joint_value(network: Network) -> Tensor:
    """The exact expected loss of a logistic {-1, +1} chain: sum over joint states of probability times loss."""
    count = sum(network.widths)
    bits = enumerate_states(torch.arange(2**count, device=network.theta.device), count, network.theta)
    states = (2 * bits - 1).split(network.widths, 1)
    log_probability, x = torch.zeros_like(network.theta[0]), network.inputs
    for state, (weight, bias) in zip(states, network.layers, strict=False):
        a = F.linear(x, weight, bias)
        if x is network.inputs:
            a = a.unsqueeze(0)  # one data axis for the first layer only: the others do not depend on the data
            log_probability = F.logsigmoid(state.unsqueeze(1) * a).sum(-1)
        else:
            log_probability = log_probability + F.logsigmoid(state * a).sum(-1, keepdim=True)
        x = state
    losses = network.loss.features(F.linear(x, *network.layers[-1])) @ network.coefficients.T
    return (log_probability.exp() * losses).sum(0).mean()


def joint_gradient(network: Network) -> Tensor:
    """Its gradient by autograd."""
    theta = network.theta.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(joint_value(network.at(theta)), theta)[0]


def product_rate(device: str, size: int = 1536, repeats: int = 8) -> float:
    """Floating-point operations a second of a float64 matrix product, the best of several, the first of which warms up."""
    a, best = torch.rand(size, size, dtype=torch.float64, device=device), float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def floor_operations(network: Network) -> float:
    """Operations of the exact gradient's large matrix products: one forward, the same again and two more backward."""
    features = network.coefficients.shape[1]
    below = (len(network.inputs), *(2**width for width in network.widths[:-1]))
    assert exact_cost(network).states == sum(network.widths)
    return sum(8.0 * rows * 2.0 ** sum(split(width, features)) * features for rows, width in zip(below, network.widths, strict=True))
