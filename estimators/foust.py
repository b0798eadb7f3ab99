"""FouST: the derivative at a uniform point, weighted by importance."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, with_slope


def foust(a, u, noise=LOGISTIC, weights=True):
    """A state uniform between 0 and the sampled x in {-1, +1}; the derivative is F'(a) / P(x), or 2 F'(a) without the weights.

    Given x, the place of u in its interval is uniform and independent of x: it is the point, and no other noise is needed."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    place = torch.where(x > 0, 1 - u / noise.cdf(a_fixed), (1 - u) / noise.cdf(-a_fixed)).clamp(0, 1)
    slope = noise.score(a_fixed, x > 0).abs() if weights else 2 * noise.density(a_fixed)
    return with_slope(x * place, a, slope)


@dataclass(frozen=True)
class Foust(Rule):
    """FouST: f(1) - f(-1) is the integral of f', read at one uniform point on the side of the sample, weighted by 1 / (2 P(x)).

    By      x~ := x t in (-1, +1), t ~ U(0, 1),  d x~ / d a := span F'(a) / (2 P(x | a))
    Needs   the loss differentiable in x, and defined between the states
    Bias    yes, since all units stand between their states at once; none for one unit, whatever its loss
    Cost    1 forward, 1 backward
    Paper   Pervez, Cohen, Gavves 2020, Low Bias Low Variance Gradient Estimates for Boolean Stochastic Networks, ICML
    """

    family: ClassVar[str] = "second order"
    marker: ClassVar[str] = "^"
    exact_for: ClassVar[frozenset[str]] = frozenset({"one_unit"})
    weights: bool = True
    """Importance weights 1 / (2 P(x)); without them the variance is lower, and one unit is exact only at P(x) = 1/2."""

    def unit(self, a, u, noise):
        return foust(a, u, noise, self.weights)
