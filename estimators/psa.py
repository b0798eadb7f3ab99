"""PSA: path sample-analytic gradients."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.path import PathPlan
from straightedge.estimators.sampling.flip import blocks, flip, losses, shifted
from straightedge.estimators.sampling.forward import estimate_rows, trunk


@dataclass(frozen=True)
class Psa(Estimator):
    """Path sample-analytic: flips of one unit at a time, linearised from layer to layer along one sampled path.

    With x' = x but for unit i, the layer above has P(y | x) - P(y | x') as a product over its units j; to first order in the
    change of each factor that difference is sum_j (P(y_j | x) - P(y_j | x')) times the other factors, whose y are sampled.

    By      D_i = f(x) - f(x') in the last layer, D_i = sum_j (P(y_j | x) - P(y_j | x')) D_j below; +-F'(a_i) D_i for x_i = hi, lo
    Needs   nothing of the loss but its value
    Bias    yes, beyond first order in the flip's effect; none for the last hidden layer, nor below a layer of one unit
    Cost    1 forward, one flip of every unit through one layer, the loss for every flip of the last layer
    Paper   Shekhovtsov, Yanush, Flach 2020, arXiv:2006.03143, Algorithm 1
    """

    family: ClassVar[str] = "enumeration"
    marker: ClassVar[str] = "h"
    chain_only: ClassVar[str] = "the weights of its layers, which a flip is sent through"
    exact_for: ClassVar[frozenset[str]] = frozenset({"linear", "multi_affine", "quadratic", "one_unit", "last_layer"})

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        value, slope = network.outcome(z)
        top = network.depth - 1
        difference = value.unsqueeze(-1) - losses(network, top, z, us, flip(network, states[-1]))
        deltas = []
        for layer in reversed(range(network.depth)):
            step, a = flip(network, states[layer + 1]), activations[layer]
            signed = -difference * (step / network.span)  # D_i, positive for hi, negative for lo
            deltas.insert(0, network.noise.density(a) * signed)
            if layer:
                step = flip(network, states[layer])
                flipped = (network.noise.difference(a.unsqueeze(1), shifted(network, layer, a, step, units))
                           for units in blocks(network, step))
                difference = torch.cat([torch.einsum("njbo,nbo->nbj", change, signed) for change in flipped], -1)
        return estimate_rows(network, states, deltas, slope)

    def plan(self, network):
        """The plan of its exact moments."""
        return PathPlan(network)
