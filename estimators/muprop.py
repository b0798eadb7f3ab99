"""MuProp: a first-order control variate at the mean field."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Estimator, ascend, state_slopes
from straightedge.estimators.mean_field import mean_field
from straightedge.estimators.sampling.forward import estimate_rows, trunk


@dataclass(frozen=True)
class Muprop(Estimator):
    """MuProp: REINFORCE on what is left of the loss after its linear approximation at the mean-field states.

    In a chain the mean-field pass m starts from the data and replaces every layer's units by their means; each layer has the
    linear approximation around its own m.  Its expectation is known given the sampled layer below, and is added back.

    By      (f - f(m) - f'(m) (x - m)) d log P(x | a) / d a + f'(m) span F'(a)
    Needs   the loss differentiable, and defined between the states
    Bias    none; zero variance for one layer with a linear loss
    Cost    1 forward, and 1 forward and 1 backward of the mean-field pass
    Paper   Gu, Levine, Sutskever, Mnih 2016, arXiv:1511.05176
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "^"
    chain_only: ClassVar[str] = "the derivatives by the states of its layers"
    unbiased: ClassVar[bool] = True

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        value, slope = network.outcome(z)
        with network.passes.times(n):  # one pass serves all rows; a single estimate needs it too
            means, factors, mean_z = ascend(mean_field, network, [u[:1] for u in us])
            mean_value, mean_slope = network.slope(mean_z)
            slopes = state_slopes(network, factors, mean_slope)
        deltas = []
        for a, x, mean, g in zip(activations, states[1:], means[1:], slopes, strict=True):
            rest = value - mean_value - (g * (x - mean)).sum(-1)
            score = network.noise.score(a, x > sum(network.states) / 2)
            deltas.append(rest.unsqueeze(-1) * score + g * network.span * network.noise.density(a))
        return estimate_rows(network, states, deltas, slope)
