"""Adaptive quadrature over (0, 1) for many integrands at once, with peaks at either end and jumps anywhere.

The double-exponential variable, logit s = pi sinh t, spreads the two ends out until the remaining part is below 1e-17: a peak there
is seen however narrow it is.  In t, Gauss-Lobatto panels are halved where both halves together differ from the whole; a jump
costs its panel some forty halvings, and nothing elsewhere.  The rule has nodes at its ends, so that no jump hides there.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

RANGE = 3.3
"""t from -RANGE to RANGE."""
PANELS = 4
ORDER = 16
HALVINGS = 48
CROWD = 8
"""Open panels per integrand, beyond the first halvings, at which they are rounding errors that no halving makes smaller."""
TOLERANCE = 1e-13
"""Change of a panel that ends its halving, relative to the largest integral."""
FLOOR = 1e-3
"""The least that the largest integral is taken to be: 1 - tanh^2 has absolute rounding errors, and no relative precision to find."""
ALLOWED = 1e-7
"""Change, so measured, that open panels may leave at the end."""

Integrand = Callable[[Int[Tensor, " j"], Float[Tensor, "m j"]], Float[Tensor, "m j"]]
"""(number of the integrand, logit of s) -> f(s), for j panels of m nodes."""


class NotSmooth(ArithmeticError):
    """The integral of f or of f^2 does not settle."""


def logits(like: Tensor) -> Float[Tensor, " m"]:
    """Logits of points that see all parts of (0, 1), the middle one first."""
    t = torch.linspace(-RANGE, RANGE, 53, dtype=like.dtype, device=like.device)
    return math.pi * torch.sinh(t[torch.argsort(t.abs(), stable=True)])


@cache
def lobatto(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in [-1, 1], both ends among them, and weights of the rule that is exact to degree 2 order - 3."""
    polynomial = np.polynomial.legendre.Legendre.basis(order - 1)
    node = np.concatenate(([-1.0], polynomial.deriv().roots().real, [1.0]))
    return node, 2 / (order * (order - 1) * polynomial(node) ** 2)


def panel_sums(function: Integrand, which: Int[Tensor, " j"], left: Float[Tensor, " j"], width: float) -> Float[Tensor, "2 j"]:
    """The integrals of f and f^2 over these panels of t."""
    node, weight = (torch.from_numpy(part).to(left) for part in lobatto(ORDER))
    t = left + width / 2 * (node + 1).unsqueeze(1)
    logit = math.pi * torch.sinh(t)
    slope = math.pi * torch.cosh(t) * torch.sigmoid(logit) * torch.sigmoid(-logit)
    value = function(which, logit)
    return width / 2 * torch.stack([(weight.unsqueeze(1) * slope * power).sum(0) for power in (value, value.square())])


def means(function: Integrand, mass: Float[Tensor, " e"]) -> Float[Tensor, "2 e"]:
    """The integrals of f and of f^2 over (0, 1), for e integrands, each of which counts with its `mass`.  Raises NotSmooth."""
    width = 2 * RANGE / PANELS
    which = torch.arange(len(mass), device=mass.device).repeat(PANELS)
    left = (torch.arange(PANELS).to(mass) * width - RANGE).repeat_interleave(len(mass))
    whole = panel_sums(function, which, left, width)
    total = torch.zeros(2, len(mass)).to(mass)
    size = (mass * torch.zeros_like(total).index_add(1, which, whole.abs())).amax(1, keepdim=True).clamp_min(FLOOR)
    ends = torch.tensor([[-RANGE], [RANGE]]).to(mass).sinh() * math.pi
    beyond = function(torch.arange(len(mass), device=mass.device), ends.expand(-1, len(mass))).square() * torch.sigmoid(-ends.abs())
    if not bool((mass * beyond <= ALLOWED * size[1]).all()):
        raise NotSmooth("it is not square integrable")
    for halving in range(HALVINGS):
        width /= 2
        which, left = which.repeat(2), torch.cat((left, left + width))
        parts = panel_sums(function, which, left, width)
        change = (parts.view(2, 2, -1).sum(1) - whole).abs() * mass[which[: len(which) // 2]] / size
        closed = (change <= TOLERANCE).all(0).repeat(2)
        open_change = change[:, ~closed[: change.shape[1]]]
        crowded = halving > 3 and open_change.shape[1] > CROWD * len(mass)
        if crowded or halving == HALVINGS - 1:
            closed = torch.ones_like(closed)
        total.index_add_(1, which[closed], parts[:, closed])
        which, left, whole = which[~closed], left[~closed], parts[:, ~closed]
        if not len(which):
            break
    if open_change.numel() and not bool((open_change <= ALLOWED).all()):
        raise NotSmooth(f"it still changes by {open_change.max().item():.1g}")
    return total
