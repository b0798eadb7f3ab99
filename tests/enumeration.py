"""Exact mean rows of rules with hard states on one Bernoulli vector, for the tests: a sum over all states, no sampling."""

import itertools

import torch

from straightedge.estimators.base import chain_rows
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import SIGNS, Network
from straightedge.estimators.network.noise import LOGISTIC

LOGITS = (0.3, -0.8, 1.1)


def polynomial(degree: int, units: int = len(LOGITS), seed: int = 0):
    """A random polynomial with every monomial of at most this degree in each unit: 1 is multi-affine."""
    powers = torch.tensor(list(itertools.product(range(degree + 1), repeat=units)))
    coefficients = torch.randn(len(powers), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return lambda x: torch.stack([x**power for power in range(degree + 1)], -1)[
        ..., torch.arange(units), powers].prod(-1) @ coefficients


def vector(loss, noise=LOGISTIC, states=SIGNS, logits=LOGITS) -> Network:
    """One Bernoulli vector without input; the pre-activations are inside the support of every noise."""
    a = 0.6 * torch.tensor(logits, dtype=torch.float64)
    return Network.of([a.new_empty(len(a), 0)], [a], a.new_empty(1, 0), a.new_empty(1), StateFunction(loss), noise, states)


def mean_row(unit, network) -> torch.Tensor:
    """E[row], where the unit's derivative depends on (a, x) only: one u stands for each state."""
    a = network.layers[0][1]
    p, q = network.noise.cdf(a), network.noise.cdf(-a)
    upper = torch.tensor(list(itertools.product((False, True), repeat=len(a))))
    u = torch.where(upper, p / 2, 1 - q / 2).unsqueeze(1)
    return torch.where(upper, p, q).prod(-1) @ chain_rows(unit, network, [u])
