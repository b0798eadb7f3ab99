"""One derivative for each function of a noise, whatever autograd makes of its formula.

Formulas have kinks, where autograd takes one side or the mean of both, and branches whose derivative has lost its digits, such as p (1 - p)
for a p that is 1 to rounding.  So a noise says what the derivative is, and autograd is told.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor

Slope = Callable[[Any, Tensor, Tensor], Tensor]
"""(noise, argument, value) -> derivative."""


class Sloped(torch.autograd.Function):
    """f(a), elementwise, with this derivative; also under torch.func, and differentiable again."""

    generate_vmap_rule = True

    @staticmethod
    def forward(a: Tensor, function: Callable[[Tensor], Tensor], slope: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        return function(a)

    @staticmethod
    def setup_context(ctx, inputs, output):
        a, _, ctx.slope = inputs
        ctx.save_for_backward(a, output)

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.slope(*ctx.saved_tensors), None, None


def sloped(method: Callable[[Any, Tensor], Tensor], slope: Slope) -> Callable[[Any, Tensor], Tensor]:
    """The method, differentiated by this derivative."""
    @wraps(method)
    def differentiable(noise: Any, a: Tensor) -> Tensor:
        if not (a.requires_grad or torch._C._are_functorch_transforms_active()):  # whose inner tensors do not say
            return method(noise, a)
        return Sloped.apply(a, lambda values: method(noise, values), lambda values, found: slope(noise, values, found))

    return differentiable
