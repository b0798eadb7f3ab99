"""Random projections of parameters that are too many to be measured one by one.

Every parameter is given, with a random sign, to one of k sums (a count sketch; Charikar, Chen, Farach-Colton 2002).  The k derivatives by
a common shift of a sum's members are S g: of any vector v, |S v|^2 has mean |v|^2 over signs and sums, with variance at most 2 |v|^4 / k.
So squares - of gradient, bias, variance - are right in the mean and known to sqrt(2 / k); single parameters and layers are not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

SEED = 0x5CE7C4


@dataclass(frozen=True, eq=False)
class Projection:
    """r parameters with k directions in which they are moved."""

    shapes: dict[str, torch.Size]
    values: Tensor
    """The parameters as they are, [r]."""
    sums: Tensor
    """The sum of each, in 0 .. k - 1."""
    signs: Tensor
    count: int
    """k."""

    @classmethod
    def of(cls, parameters: dict[str, Tensor], count: int) -> "Projection":
        """On `count` random directions, the same in every process."""
        values, rng = torch.cat([value.detach().reshape(-1) for value in parameters.values()]), torch.Generator().manual_seed(SEED)
        signs = 2 * torch.randint(2, values.shape, generator=rng).to(values) - 1
        sums = torch.randint(count, values.shape, generator=rng)
        return cls({name: value.shape for name, value in parameters.items()}, values, sums, signs, count)

    def moved(self, shift: Tensor) -> dict[str, Tensor]:
        """Name -> parameter, moved by shift [k]."""
        return cut(self.values + self.signs * shift[self.sums], self.shapes)

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "Projection":
        """The same on another device, in another precision."""
        return replace(self, values=self.values.to(device, dtype), sums=self.sums.to(device), signs=self.signs.to(device, dtype))


def cut(vector: Tensor, shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Name -> its part of the vector, in its shape."""
    parts: Sequence[Tensor] = vector.split([shape.numel() for shape in shapes.values()])
    return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
