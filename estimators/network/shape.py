"""Do these weights, biases and data make a network?"""

from collections.abc import Sequence

import torch
from torch import Tensor

from straightedge.estimators.network.error import InputError


def require_chain(weights: Sequence[Tensor], biases: Sequence[Tensor], inputs: Tensor, labels: Tensor) -> None:
    """Raises InputError where shapes do not chain, a number is not finite, or points and labels differ in number."""
    width = inputs.shape[-1]
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        if weight.shape != (len(bias), width):
            raise InputError(f"layer {index}: expected weights of shape ({len(bias)}, {width}), a row for each bias and a "
                             f"column for each unit below, got {tuple(weight.shape)}")
        width = len(bias)
    for name, tensor in (("weights", weights), ("biases", biases), ("inputs", [inputs])):
        for index, values in enumerate(tensor):
            if not bool(torch.isfinite(values).all()):
                raise InputError(f"{name} of layer {index}: expected finite numbers, found NaN or infinity")
    if len(inputs) != len(labels) or not len(inputs):
        raise InputError(f"expected one label per data point, got {len(inputs)} points and {len(labels)} labels")
