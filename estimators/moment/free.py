"""The exact moments of a rule of free form, differentiable in the form: what a search by gradients needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.moment.chain import ChainPlan
from straightedge.estimators.moment.marginal import Moments, row_moments
from straightedge.estimators.network.margin import margin

Shape = Callable[[Tensor], Tensor]
"""log c / (span F'(0)) of the log-odds of the unit's own state."""


@dataclass(frozen=True, eq=False)
class FreePlan(ChainPlan):
    """The moments of the chain estimator whose c is given by a shape for every Bernoulli layer, the first first, in place of a rule's."""

    shapes: tuple[Shape, ...] = ()

    @cached_property
    def factor(self):
        layers = cycle(self.shapes)  # `tables` asks for them in this order

        def table(a: Float[Tensor, "*s"]) -> Float[Tensor, "*s 3 2"]:
            noise, shape = self.network.noise, next(layers)
            top, t = self.network.span * noise.density(a.new_zeros(())), margin(a, noise)
            chance = torch.stack((noise.cdf(-a), noise.cdf(a)), -1)
            c = top * torch.stack((shape(-t), shape(t)), -1).exp()
            return torch.stack((chance, chance * c, chance * c.square()), -2)

        return table

    def moments(self) -> Moments:
        """Mean and variance of one row, differentiable in what the shapes depend on."""
        with torch.enable_grad():
            return row_moments(self.network, *self.tables())
