"""Exact flips in the last hidden layer, tempered straight-through below it."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.base import Estimator, local
from straightedge.estimators.sampling.flip import flip, losses
from straightedge.estimators.sampling.forward import estimate_rows, trunk
from straightedge.estimators.tempered import Tempered


@dataclass(frozen=True)
class LastFlips(Estimator):
    """Last flips: the loss for every flip of the last hidden layer, as in PSA, and a tempered straight-through rule from there down.

    The cheap part of PSA: in networks whose units saturate, what straight-through loses first is the loss's change at the last layer, which
    its slope does not tell.  By default the layers below pass the gradient on as the identity does, scaled; g = h = 1 makes it
    straight-through, g = 1 and h = 0 ZGR.  Against it, and decisive: at fixed networks its efficiency is near PSA's, but it trains worse
    than the rules (docs/tempered.md), since a last layer with the exact derivative stands still where the biased ones below saturate it.

    By      delta = F'(a_i) (f(x_i = hi) - f(x_i = lo)) in the last layer, c(a, x) W^T delta below, c tempered straight-through's
    Needs   the loss differentiable in z
    Bias    yes; none for the last hidden layer, and none for a single layer
    Cost    1 forward, one flip of every unit of the last layer, the loss for every flip of the last layer, 1 backward below the last layer
    Paper   this package 2026, docs/tempered.md; the flips: Titsias, Lazaro-Gredilla 2015, Local Expectation Gradients
    """

    family: ClassVar[str] = "enumeration"
    marker: ClassVar[str] = "p"
    chain_only: ClassVar[str] = "a last hidden layer, whose units are flipped one at a time"
    exact_for: ClassVar[frozenset[str]] = frozenset({"linear", "multi_affine", "quadratic", "one_unit", "last_layer"})
    g: float = 0.0
    """Exponent of the noise's density, as of `tempered`."""
    h: float = 1.0
    """Exponent of the states' probabilities, as of `tempered`."""

    def __post_init__(self):
        _ = self.rule

    @property
    def rule(self) -> Tempered:
        """The rule of the layers below the last."""
        return Tempered(self.g, self.h)

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        value, slope = network.outcome(z)
        step = flip(network, states[-1])
        change = losses(network, network.depth - 1, z, us, step) - value.unsqueeze(-1)
        deltas = [network.noise.density(activations[-1]) * change * torch.sign(step)]
        for layer in reversed(range(network.depth - 1)):
            factor = local(self.rule.unit, activations[layer], us[layer], network)[1]
            deltas.insert(0, factor * network.pull(layer + 1, deltas[0]))
        return estimate_rows(network, states, deltas, slope)
