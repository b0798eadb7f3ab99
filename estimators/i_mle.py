"""I-MLE: the difference of two states, the second sampled where the gradient would take the unit."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.unit import require_positive
from straightedge.estimators.sampling.forward import estimate_rows, trunk


@dataclass(frozen=True)
class IMle(Estimator):
    """Implicit maximum likelihood: perturb-and-MAP of one bit, at a and at a less `step` times the slope that comes down, by one noise.

    The local derivative depends on the slope, so that it is no rule and has no exact moments.  As step -> 0 its mean is that of a rule
    whose F' is taken at the slope's side; a finite step is a difference quotient of F.

    By      (b(a) - b(a - step s)) / step,  b(a) = 1[z < a], s the estimate of d loss / d b;
            central: (b(a + step s) - b(a - step s)) / (2 step)
    Needs   the loss differentiable in x
    Bias    yes; as step -> 0 none for one layer whose loss is multi-affine in x
    Cost    1 forward, 1 backward
    Paper   Niepert, Minervini, Franceschi 2021, arXiv:2106.01798; central: Minervini, Franceschi, Niepert 2023, arXiv:2209.04862
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "X"
    chain_only: ClassVar[str] = "slopes that come down layer by layer, on which its derivatives depend"
    step: float = 1.0
    """How far along the slope the second state is sampled, the paper's lambda."""
    central: bool = False
    """Whether both states are moved, to either side."""

    def __post_init__(self):
        require_positive("i_mle", step=self.step)

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        _, slope = network.slope(z)
        g, deltas = network.pull(network.depth, slope) if network.outputs else slope, []
        for layer in reversed(range(network.depth)):
            deltas.insert(0, self.difference(network, activations[layer], us[layer], network.span * g))
            if layer:
                g = network.pull(layer, deltas[0])
        return estimate_rows(network, states, deltas, slope)

    def difference(self, network: Network, a: Tensor, u: Tensor, slope: Tensor) -> Tensor:
        """The estimate of d loss / d a from that of d loss / d bit."""
        ahead = a + self.step * slope if self.central else a
        bits = [(u < network.noise.cdf(at)).to(a) for at in (ahead, a - self.step * slope)]
        return torch.sub(*bits) / (self.step * (1 + self.central))
