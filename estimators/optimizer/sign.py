"""The rule of weights that are the signs of their latent weights."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.unit import through


@dataclass(frozen=True)
class Sign(Rule):
    """w := the sign of the latent weight, d w / d a := 1: Bop's, and deterministic BinaryConnect's."""

    random: ClassVar[bool] = False

    def unit(self, a, u, noise):
        return through(2.0 * (a > 0) - 1, a)
