"""How the data enter the moments: only through the coefficients w_b of the loss features, so few messages serve all data points.

A first moment is linear in w_b, a second moment quadratic.  Both are written in few vectors v_r common to all data,

    w_b = sum_r linear_br v_r ,      Q_b = sum over pairs (r, t) of  quadratic_b(rt) (v_r v_t' + v_t v_r') / 2

with Q_b = w_b w_b' unless something is added.  The vectors are the distinct rows of w where there are few (two labels: two
vectors, two pairs), else the unit vectors with all their pairs.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Basis:
    """Vectors [r, k] and the data's coordinates in them and in their pairs."""

    vectors: Float[Tensor, "r k"]
    linear: Float[Tensor, "b r"]
    pairs: Int[Tensor, "q 2"]
    quadratic: Float[Tensor, "b q"]

    def first(self, values: Float[Tensor, "k *rest"]) -> Float[Tensor, "r *rest"]:
        """The combinations of the features' values that first moments need."""
        return torch.tensordot(self.vectors, values, 1)

    def second(self, values: Float[Tensor, "k *rest"]) -> Float[Tensor, "q *rest"]:
        """The products of those combinations that second moments need."""
        values = self.first(values)
        return values[self.pairs[:, 0]] * values[self.pairs[:, 1]]


def unit_basis(coefficients: Float[Tensor, "b k"], added: Float[Tensor, " b"] | float = 0.0) -> Basis:
    """The basis of the unit vectors; `added` to Q_b's last diagonal entry."""
    k = coefficients.shape[1]
    pairs = torch.combinations(torch.arange(k, device=coefficients.device), 2, with_replacement=True)
    quadratic = coefficients[:, pairs].prod(-1) * (2.0 - (pairs[:, 0] == pairs[:, 1]).to(coefficients))
    quadratic[:, -1] += added
    return Basis(torch.eye(k).to(coefficients), coefficients, pairs, quadratic)


def basis(coefficients: Float[Tensor, "b k"]) -> Basis:
    """The basis with the fewest pairs."""
    k = coefficients.shape[1]
    distinct, which = torch.unique(coefficients, dim=0, return_inverse=True)
    if len(distinct) > k * (k + 1) // 2:
        return unit_basis(coefficients)
    share = torch.nn.functional.one_hot(which, len(distinct)).to(coefficients)
    return Basis(distinct, share, torch.arange(len(distinct), device=coefficients.device)[:, None].expand(-1, 2), share)
