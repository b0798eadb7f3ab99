"""The rule of weights that are run at their means."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.unit import through


@dataclass(frozen=True)
class Mean(Rule):
    """w := its mean, d w / d a := 1, so that the latent weight is given the derivative by the mean: MD-tanh's."""

    random: ClassVar[bool] = False

    def unit(self, a, u, noise):
        return through(2 * noise.cdf(a) - 1, a)
