"""The factors c of one layer's units about one state r of the layer: sums of c * m(x) less b * m(r), b = E[c | the unit's likelier state].

    c * m(x) - b * m(r) = c * (m(x) - m(r)) + (c - b) * m(r)

Shapes: v vectors and q pairs of the basis, n units, e index tuples, s states of the layer, u states below it or data points."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.moment.message import Tuples
from straightedge.estimators.moment.spread import ROUNDING
from straightedge.estimators.sum.contraction import contraction

FIRST, SECOND, OFF, OFF2, CROSS = 1, 2, 3, 4, 5
"""Orders of weights: E[c 1{x}], E[c^2 1{x}], E[(c - b) 1{x}], E[(c - b)^2 1{x}], E[c (c - b) 1{x}]."""


@dataclass(frozen=True, eq=False)
class Part:
    """The states below a layer, or data points, that have one reference state r above."""

    rows: Int[Tensor, " u"] | slice
    weights: Float[Tensor, "u n 6 2"]
    likely: Float[Tensor, "u n"]
    """b = E[c | likelier state]."""
    varied: bool
    """Whether c depends on anything but the state below."""
    reached: Float[Tensor, "v n"]
    """m(r)."""
    since: Float[Tensor, "v n s"]
    """m(x) - m(r)."""

    @classmethod
    def of(cls, table: Float[Tensor, "t n 3 2"], rows: Int[Tensor, " u"] | slice, reference: int, m: Float[Tensor, "v n s"],
           since: Float[Tensor, "v n s"]) -> "Part":
        chance, first, second = table[rows].unbind(2)
        mean = torch.where(chance > 0, first / torch.where(chance > 0, chance, 1.0), 0.0)
        noise = second - first * mean
        noise = torch.where(noise > ROUNDING * second, noise, 0.0)
        likely = mean.gather(2, (chance[..., 1:] > chance[..., :1]).long())  # at r a rare state may have a c beyond all bounds
        gap = torch.where((mean - likely).abs() > ROUNDING * mean.abs(), mean - likely, 0.0)
        weights = torch.stack((chance, first, second, chance * gap, noise + chance * gap.square(), noise + first * gap), 2)
        varied = bool((gap * chance).any() or noise.any())
        return cls(rows, weights, likely.squeeze(2), varied, m[:, :, reference], since)

    def expected(self, columns: Float[Tensor, "k s"], orders: Tuples) -> Float[Tensor, "u k"]:
        """The columns' expectations, each with its orders, one for every unit."""
        return contraction(self.weights, columns, orders)

    def off(self) -> Float[Tensor, "u v n"]:
        """E[c * m(x) - b * m(r) | state below]."""
        vectors, width, _ = self.since.shape
        found = self.expected(self.since.flatten(0, 1), exchanged(width, [((i, FIRST),) for i in range(width)]) * vectors)
        return found.view(-1, vectors, width) + self.weights[:, None, :, OFF].sum(-1) * self.reached

    def squares(self, pairs: Int[Tensor, "q 2"], entries: Tuples, within: Float[Tensor, "q e s"] | float) -> Float[Tensor, "u q e"]:
        """E[(c c') * `within` + the symmetrised product of c * m(x) - b * m(r) with itself | state below]."""
        vectors, width, states = self.since.shape
        i, j = torch.tensor(entries, device=self.since.device).T
        columns = symmetric(self.since, pairs, i, j) + within
        orders = exchanged(width, [((one, SECOND),) if one == other else ((one, FIRST), (other, FIRST)) for one, other in entries])
        found = self.expected(columns.flatten(0, 1), orders * len(pairs)).view(-1, len(pairs), len(entries))
        if not self.varied:
            return found
        off, off2 = self.weights[:, :, OFF].sum(-1), self.weights[:, :, OFF2].sum(-1)
        both = torch.where(i == j, off2[:, i], off[:, i] * off[:, j]).unsqueeze(1)
        for side, (one, other) in enumerate(((i, j), (j, i))):
            own = exchanged(width, [((a, CROSS),) if a == b else ((a, FIRST), (b, OFF)) for a, b in zip(one.tolist(), other.tolist(),
                                                                                                    strict=True)])
            cross = self.expected(self.since[:, one].reshape(-1, states), own * vectors).view(-1, vectors, len(entries))
            for p, t in ((0, 1), (1, 0)):
                found += cross[:, pairs[:, p]] * self.reached[pairs[:, t]][:, other] / 2
                if not side:
                    found += both * (self.reached[pairs[:, p]][:, i] * self.reached[pairs[:, t]][:, j]) / 2
        return found


def exchanged(width: int, places: list[tuple[tuple[int, int], ...]]) -> Tuples:
    """Orders of all units, 0 but for the (unit, order) given."""
    return [tuple(dict(chosen).get(unit, 0) for unit in range(width)) for chosen in places]


def symmetric(values: Float[Tensor, "v n *s"], pairs: Int[Tensor, "q 2"], i: Tensor, j: Tensor) -> Float[Tensor, "q e *s"]:
    """The symmetrised products of units i and j, for pairs of vectors."""
    left, right = values[pairs[:, 0]], values[pairs[:, 1]]
    return (left[:, i] * right[:, j] + left[:, j] * right[:, i]) / 2
