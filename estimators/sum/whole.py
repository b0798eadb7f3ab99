"""The transfer through one layer by tables small enough to be formed whole, for many networks at once, in as few calls as it takes.

    forward     (T V)[k, s] = sum over A of P_A[A, s] sum over B of V[k, A, B] P_B[B, s]
    backward    from the coefficients C[k, s] of the results in the loss: the terms of sum over k, s of C (T V), summed over the states
                with unit i high and over those with it low, times F'/F(a_i) and -F'/F(-a_i), make the derivative by a_i

Shapes: m networks, s states below (or data points), n units, k features, g references, c columns: a feature's for each reference; A and B
the states of the first units and of the others.  The states below stand last: what is done element by element runs along them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.network.noise import Noise
from straightedge.estimators.sum.reference import References, Values
from straightedge.estimators.sum.state import enumerate_states
from straightedge.estimators.sum.transfer import Pullback, split


@dataclass(frozen=True, eq=False)
class Whole:
    """The units of one layer at all states below."""

    high: Float[Tensor, "m A s"]
    low: Float[Tensor, "m B s"]
    share: Float[Tensor, "m 2 n s"]
    """F'/F(a) and F'/F(-a)."""

    def __call__(self, values: Values, among: References, group: Int[Tensor, "m s"] | None) -> tuple[Float[Tensor, "m k s"], Pullback]:
        """(E[V(x) - V(r) | state below] for the reference r of each, what brings derivatives back)."""
        columns = values.since(among.states)
        m, g, k, states = columns.shape
        highs, s = self.high.shape[1:]
        matrix = columns.reshape(m, g * k * highs, -1)
        product = torch.bmm(matrix, self.low).view(m, g * k, highs, s)
        found = (product * self.high.unsqueeze(1)).sum(2)
        own = None if group is None else group[:, None, None].expand(m, 1, k, s)

        def pullback(coefficients: Tensor) -> tuple[Tensor, Tensor]:
            if own is not None:  # each state's own reference alone counts
                coefficients = coefficients.new_zeros(m, g, k, s).scatter(1, own, coefficients.unsqueeze(1)).flatten(1, 2)
            weight = coefficients.unsqueeze(2)
            spread = (weight * self.high.unsqueeze(1)).reshape(m, g * k * highs, s)
            terms = spread.new_empty(m, highs + self.low.shape[1], s)
            torch.sum(product.mul_(spread.view(product.shape)), 1, out=terms[:, :highs])
            torch.mul(self.low, torch.bmm(matrix.mT, spread), out=terms[:, highs:])
            sums = torch.matmul(membership(self.share.shape[2], highs, spread.dtype, spread.device), terms).view(self.share.shape)
            derivative = torch.bmm(spread, self.low.mT)
            derivative = derivative.view(m, k, states) if g == 1 else derivative.view(m, g, k, states).sum(1)
            return (sums * self.share).sum(1), derivative

        return (found if own is None else found.view(m, g, k, s).gather(1, own).squeeze(1)), pullback


def tables(activations: Sequence[Float[Tensor, "m _ _"]], noise: Noise, features: int) -> list[Whole]:
    """Every layer's, those of one width made together."""
    found: dict[int, Whole] = {}
    widths = [a.shape[1] for a in activations]
    for width in dict.fromkeys(widths):
        places = [place for place, other in enumerate(widths) if other == width]
        parts = [activations[place] for place in places]
        joined = whole(torch.cat(parts, -1) if len(parts) > 1 else parts[0], noise, features)
        start = 0
        for place in places:
            rows = slice(start, start := start + activations[place].shape[-1])
            found[place] = Whole(joined.high[..., rows], joined.low[..., rows], joined.share[..., rows])
    return [found[place] for place in range(len(widths))]


def whole(a: Float[Tensor, "m n s"], noise: Noise, features: int) -> Whole:
    """One layer's."""
    pairs = noise.cdf(torch.stack((-a, a), 1))
    first = split(a.shape[1], features)[1]  # whose states are repeated for every feature, so that it is the smaller
    return Whole(kronecker(pairs[:, :, :first]), kronecker(pairs[:, :, first:]), noise.rates(a, pairs))


def kronecker(pairs: Float[Tensor, "m 2 n s"]) -> Float[Tensor, "m states s"]:
    """Products of the pairs over the units, the first unit the most significant bit."""
    width = pairs.shape[2]
    if not width:
        return pairs.new_ones(pairs.shape[0], 1, pairs.shape[3])
    table = pairs[:, :, 0]
    for unit in range(1, width):
        table = (table.unsqueeze(2) * pairs[:, :, unit].unsqueeze(1)).flatten(1, 2)
    return table


@lru_cache(maxsize=64)
def membership(width: int, highs: int, dtype: torch.dtype, device: torch.device) -> Float[Tensor, "_ _"]:
    """The matrix that sums the terms of both parts' states with each unit high, then with each unit low, these with a minus."""
    first = highs.bit_length() - 1
    like = torch.empty((), dtype=dtype, device=device)
    parts = [enumerate_states(torch.arange(2**units, device=device), units, like).T for units in (first, width - first)]
    bits = torch.block_diag(*parts)
    absent = torch.block_diag(*(1 - part for part in parts))
    return torch.cat((bits, -absent))
