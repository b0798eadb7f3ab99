"""Straight-through Gumbel-softmax: hard states forward, relaxed derivatives backward."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, relaxed, require_positive, require_resolved, through


def st_gumbel(a, u, noise=LOGISTIC, tau=0.5):
    """x in {-1, +1}; the derivative is that of the relaxed state of the same noise."""
    return through(hard(a, u, noise), relaxed(a, noise.quantile(u), noise, tau))


@dataclass(frozen=True)
class StGumbel(Rule):
    """Straight-through Gumbel-softmax: the derivative of the relaxed state at the hard one, with the same noise.

    By      d b / d logit := b~ (1 - b~) / tau, b~ = s((logit p - logit u) / tau); see unit.py for other noises
    Needs   the loss differentiable in x
    Bias    yes, for a linear loss too; as tau -> 0 its mean is `darn`'s.  Variance O(1 / tau)
    Cost    1 forward, 1 backward
    Paper   Jang, Gu, Poole 2017, arXiv:1611.01144
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "s"
    tau: float = 0.5
    """Temperature, as in the concrete distribution: of the logit."""

    def __post_init__(self):
        require_positive("st_gumbel", tau=self.tau)

    def check(self, network):
        require_resolved("st_gumbel", self.tau, network.theta)

    def unit(self, a, u, noise):
        return st_gumbel(a, u, noise, self.tau)
