"""Gumbel-softmax, for binary units the binary concrete: relaxed states all the way."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import relaxed, require_positive, require_resolved


def gumbel_softmax(a, u, noise=LOGISTIC, tau=0.5):
    """x in (-1, +1), the reparameterised relaxation of the unit with its noise z, the quantile of u; its own derivative."""
    return relaxed(a, noise.quantile(u), noise, tau)


@dataclass(frozen=True)
class GumbelSoftmax(Rule):
    """Gumbel-softmax: an exact gradient of another network, whose units are relaxed.

    By      x := relaxed b = s((logit p - logit u) / tau), d b / d logit = b (1 - b) / tau; see unit.py for other noises
    Needs   the loss differentiable in x, and defined between the states
    Bias    O(tau); O(tau^2) for one layer with a linear loss.  Variance O(1 / tau), with L layers O(1 / tau^L)
    Cost    1 forward, 1 backward
    Paper   Maddison, Mnih, Teh 2017, arXiv:1611.00712; Jang, Gu, Poole 2017, arXiv:1611.01144
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "o"
    tau: float = 0.5
    """Temperature, as in the concrete distribution: of the logit.  Written tanh((a - z) / T), T is 2 tau under F(a) = s(a)."""

    def __post_init__(self):
        require_positive("gumbel_softmax", tau=self.tau)

    def check(self, network):
        require_resolved("gumbel_softmax", self.tau, network.theta)

    def unit(self, a, u, noise):
        return gumbel_softmax(a, u, noise, self.tau)
