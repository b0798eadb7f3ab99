"""ZGR: Gumbel-Rao at zero temperature."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, with_slope


def zgr(a, u, noise=LOGISTIC):
    """x in {-1, +1}; the derivative is the average of straight-through's and of the score function's with baseline at the mean."""
    a_fixed = a.detach()
    x = hard(a_fixed, u, noise)
    straight_through = 2 * noise.density(a_fixed)
    around_mean = 2 * noise.cdf(-x * a_fixed) * noise.score(a_fixed, x > 0).abs()  # x - E x = 2 x P(-x)
    return with_slope(x, a, (straight_through + around_mean) / 2)


@dataclass(frozen=True)
class Zgr(Rule):
    """ZGR: half straight-through, half DARN with its baseline expanded at the mean; for a binary unit the same as `darn`.

    Also known as ReinMax and DARN for binary units, as the smoothed two-sided rule of stochastic derivatives.

    By      d x / d a := span F'(a) / 2 + (x - E x) d log P(x | a) / d a / 2
    Needs   the loss differentiable in x
    Bias    yes; none for one layer whose loss is at most quadratic in each unit, and where `darn` has none
    Cost    1 forward, 1 backward
    Paper   Shekhovtsov 2023, Cold Analysis of Rao-Blackwellized Straight-Through Gumbel-Softmax Gradient Estimator, ICML
    """

    family: ClassVar[str] = "second order"
    marker: ClassVar[str] = "s"
    exact_for: ClassVar[frozenset[str]] = frozenset({"multi_affine", "quadratic"})

    def unit(self, a, u, noise):
        return zgr(a, u, noise)
