"""Layers whose weights are Bernoulli: P(w = hi) = F(latent), one sample of the weights a forward pass or one for each data point.

The latent weights are what is learned; the bias is an ordinary parameter.  Shapes: b data points, o outputs, i inputs.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from straightedge.estimators.module.unit import Unit


class BinaryWeight(Unit):
    """What layers with Bernoulli weights share; further options are those of Unit.

    per_point  whether every data point has a sample of the weights of its own
    """

    def __init__(self, shape: tuple[int, ...], bias: bool, per_point: bool, **options: Any):
        super().__init__(**options)
        self.per_point = per_point
        self.latent = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(shape[0])) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Latent weights uniform on [-1, 1], so that no weight is nearly certain; bias as torch's own layers."""
        nn.init.uniform_(self.latent, -1, 1)
        if self.bias is not None:
            bound = self.latent[0].numel() ** -0.5
            nn.init.uniform_(self.bias, -bound, bound)

    def weights(self, points: int) -> Tensor:
        """A sample of the weights: of the latent weights' shape, or [b, ..] with one for each data point."""
        if self.per_point:
            return self.states_for(self.latent.expand(points, *self.latent.shape))
        return self.states_for(self.latent, shared=True)


class BinaryLinear(BinaryWeight):
    """x [b, .., i] -> w x + bias [b, .., o] with Bernoulli weights w [o, i]."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True, per_point: bool = False, **options: Any):
        super().__init__((outputs, inputs), bias, per_point, **options)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.weights(len(x))
        if not self.per_point:
            return F.linear(x, weights, self.bias)
        z = torch.einsum("b...i,boi->b...o", x, weights)
        return z if self.bias is None else z + self.bias


class BinaryConv2d(BinaryWeight):
    """A convolution of x [b, i, height, width] with Bernoulli weights w [o, i / groups, size, size]."""

    def __init__(self, inputs: int, outputs: int, size: int | tuple[int, int], stride: int = 1, padding: int = 0, groups: int = 1,
                 bias: bool = True, per_point: bool = False, **options: Any):
        shape = (size, size) if isinstance(size, int) else tuple(size)
        super().__init__((outputs, inputs // groups, *shape), bias, per_point, **options)
        self.stride, self.padding, self.groups = stride, padding, groups

    def forward(self, x: Tensor) -> Tensor:
        points, weights = len(x), self.weights(len(x))
        if not self.per_point:
            return F.conv2d(x, weights, self.bias, self.stride, self.padding, groups=self.groups)
        z = F.conv2d(x.reshape(1, -1, *x.shape[2:]), weights.flatten(0, 1), None, self.stride, self.padding, groups=points * self.groups)
        z = z.reshape(points, -1, *z.shape[2:])
        return z if self.bias is None else z + self.bias[:, None, None]
