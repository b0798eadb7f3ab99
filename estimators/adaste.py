"""AdaSTE: an adaptive straight-through estimator for binary weights."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.unit import require_positive

LARGEST = 0.5
"""What 1 / |theta| is cut to."""


@dataclass(frozen=True)
class Adaste(Estimator):
    """AdaSTE: binary weights sign(theta), their slope damped where a step takes theta towards zero, cut off where it takes it away.

    The latent weights are no probabilities: every row is the same.  What it makes small is what an exact gradient makes small for a
    saturated weight; what it cuts off, a weight that is to become more certain, the exact gradient only makes small.

    By      w := sign(theta), s = d loss / d w: s min(1 / |theta|, 1/2) where s has theta's sign, 0 where it has the other,
            s itself where |theta| <= delta
    Needs   the loss differentiable in w
    Bias    yes, also of the loss; no variance
    Cost    1 forward, 1 backward
    Paper   Le, Hoier, Lin, Zach 2021, arXiv:2112.02880; constants as in its public code
    """

    family: ClassVar[str] = "deterministic"
    marker: ClassVar[str] = "D"
    random: ClassVar[bool] = False
    chain_only: ClassVar[str] = "Bernoulli weights, one vector of them"
    delta: float = 1e-6
    """Latent weights up to this size pass the slope unchanged."""

    def __post_init__(self):
        require_positive("adaste", delta=self.delta)

    def check(self, network):
        if network.depth > 1 or network.outputs or network.inputs.shape[-1]:
            raise Unsuitable("adaste: it compares a weight's slope with the weight itself, so it needs Bernoulli weights: "
                             "one vector of units without input, and a function of its state as loss")

    def __call__(self, network, n, rng):
        with network.passes.times(n):
            a = network.affine(0, network.data(1))
            _, slope = network.slope(network.encode(a > 0))
        return network.rows([network.data(1)], [slope * network.span / 2 * self.scale(a, slope)]).expand(n, -1)

    def scale(self, a: Tensor, slope: Tensor) -> Tensor:
        """What the slope is multiplied with."""
        damped = torch.where(a * slope > 0, a.abs().reciprocal().clamp_max(LARGEST), torch.where(a * slope < 0, 0.0, 1.0))
        return torch.where(a.abs() > self.delta, damped, 1.0)
