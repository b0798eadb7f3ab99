"""The covariance of what is a function of states above, given the state below: by the law of total covariance, from differences from the
value at a reference state, so that it keeps its digits where one state is nearly certain.

Shapes: v vectors and q pairs of the basis, k columns, s states of a layer, t states below, n units."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.sum.contraction import contraction

ROUNDING = 8 * torch.finfo(torch.float64).eps
"""A part of a second moment below which what is left of it is no variance."""


def covariance(expected: Callable[[Float[Tensor, "k s"]], Float[Tensor, "t k"]], since: Float[Tensor, "v s"], within: Float[Tensor, "q s"],
               pairs: Int[Tensor, "q 2"]) -> tuple[Float[Tensor, "v t"], Float[Tensor, "q t"]]:
    """(E[since | below], the covariance given what is below); `within` is that given the state."""
    p, other = pairs.T
    found = expected(torch.cat((since, within + since[p] * since[other]))).T
    mean = found[: len(since)]
    return mean, found[len(since):] - mean[p] * mean[other]


def transfer(weights: Float[Tensor, "s n o d"], rows: Tensor | slice, columns: Float[Tensor, "k states"]) -> Float[Tensor, "t k"]:
    """E[columns | state below], for these rows of a layer's weights."""
    return contraction(weights[rows], columns, [(0,) * weights.shape[1]] * len(columns))


def noise(first: Tensor, second: Tensor) -> Tensor:
    """The variance that a factor has itself, from its first two moments; none where it is rounding."""
    left = second - first.square()
    return torch.where(left > ROUNDING * second, left, 0.0)


def sides_of(width: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """For every unit the numbers of all states with it hi, and with it lo."""
    index = torch.arange(2**width, device=device)
    return [(index | 1 << shift, index & ~(1 << shift)) for shift in reversed(range(width))]


def members(width: int, device: torch.device) -> tuple[Int[Tensor, " pairs"], Int[Tensor, " pairs"]]:
    """The numbers of x and of x' in every joint state of a layer, a digit 2 [x = hi] + [x' = hi] for each unit."""
    index = torch.arange(4**width, device=device)
    bits = [(index >> shift) & 1 for shift in range(2 * width)]
    x, other = (torch.stack([bit << unit for unit, bit in enumerate(bits[start::2])]).sum(0) for start in (1, 0))
    return x, other


def joint(width: int, x: Int[Tensor, " s"], other: Int[Tensor, " s"]) -> Int[Tensor, " s"]:
    """The number of the joint state of x and x'."""
    return torch.stack([(2 * (x >> unit & 1) + (other >> unit & 1)) << 2 * unit for unit in range(width)]).sum(0)
