"""BayesBiNN's rule for Bernoulli weights."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import relaxed, relaxed_slope, require_positive, with_slope


def bayesbinn(a, u, noise=LOGISTIC, tau=1.0, epsilon=1e-10):
    """The relaxed weight w in (-1, +1) of the latent weight a; the derivative is the paper's estimate of that by its mean."""
    z, a_fixed = noise.quantile(u), a.detach()
    weight_slope, mean_slope = relaxed_slope(a_fixed, z, noise, tau), 2 * noise.density(a_fixed)
    return with_slope(relaxed(a_fixed, z, noise, tau), a, (tau * weight_slope + epsilon) / (tau * (mean_slope + epsilon)))


@dataclass(frozen=True)
class Bayesbinn(Rule):
    """BayesBiNN: a relaxed weight, and the derivative of the loss by the weight's mean mu.

    As a step on the latent weight it is natural gradient.  Published for F(a) = s(2 a), with w = tanh((a + delta) / tau) and
    mu = tanh(a); other noises alike.

    By      d w / d mu := (1 - w^2 + epsilon) / (tau (1 - mu^2 + epsilon))
    Needs   Bernoulli weights: one vector of units without input; the loss defined between the states
    Bias    O(tau) by the mean.  At the published tau = epsilon = 1e-10 the relaxation is never seen: d w / d mu = 1 / (1 - mu^2)
    Cost    1 forward, 1 backward
    Paper   Meng, Bachmann, Khan 2020, arXiv:2002.10778
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "P"
    tau: float = 1.0
    """Temperature in units of the latent weight; published 1e-10."""
    epsilon: float = 1e-10
    """Added to numerator and denominator; published 1e-10."""

    def __post_init__(self):
        require_positive("bayesbinn", tau=self.tau, epsilon=self.epsilon)

    def check(self, network):
        if network.depth > 1 or network.outputs or network.inputs.shape[-1]:
            raise Unsuitable("bayesbinn: its derivative is the one by a weight's mean, so it needs Bernoulli weights: "
                             "one vector of units without input, and a function of its state as loss")

    def unit(self, a, u, noise):
        return bayesbinn(a, u, noise, self.tau, self.epsilon)
