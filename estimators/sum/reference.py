"""Values of states, told apart without cancellation where units are nearly certain.

What a state below makes of the values above is E[V(x) | s].  Where the units are nearly certain these are equal but for the small
chance of another state than the likeliest, r, and that is all that the gradients below hang on: subtracted in floating point it is lost.
So what is summed is the difference from the value of a reference state,

    V(s) = V(r) + E[V(x) - V(r) | s]

and the reference's own value is kept apart.  States below that make the certain units do something else have another reference;
the references are those that the data's likeliest paths lead to.

Shapes: m networks, where there is a leading axis of them; k columns, s states of a layer (or data points), g references of the layer
above them, b data points.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from straightedge.estimators.network.noise import Noise
from straightedge.estimators.sum.state import number

CERTAIN = 1e-4
"""Chance of a unit's rarer state below which it is certain; the small differences of other units are no smaller than this."""
MOST = 16
"""References of a layer, the most frequent first."""


class References(NamedTuple):
    """The reference states of a layer."""

    keys: Int[Tensor, "*m g"]
    """What the certain units do, by which states below find their reference."""
    states: Int[Tensor, "*m g"]


@dataclass(frozen=True, eq=False)
class Values:
    """V(s) = level of the state's group + tail(s); differences within a group have the precision of the tail."""

    tail: Float[Tensor, "*m k s"]
    level: Float[Tensor, "*m k g"] = field(default_factory=lambda: torch.zeros(()))
    group: Int[Tensor, "*m s"] | None = None
    """Number of each state's reference; None where there is one for all."""
    step: Float[Tensor, "*m k g g"] | None = None
    """The differences of the references' values, [.., i, j] that of i from j."""

    def at(self, states: Int[Tensor, "*m t"]) -> Float[Tensor, "*m k t"]:
        """The values of these states."""
        level = self.level if self.group is None else taken(self.level, self.group.gather(-1, states))
        return level + taken(self.tail, states)

    def whole(self) -> Float[Tensor, "*m k s"]:
        """The values of all states."""
        return (self.level if self.group is None else taken(self.level, self.group)) + self.tail

    def difference(self, states: Tensor, others: Tensor) -> Tensor:
        """V of the states minus V of the others, [k, ..] for numbers of any shapes that broadcast; without a leading axis."""
        found = self.tail[:, states] - self.tail[:, others]
        return found if self.step is None or self.group is None else found + self.step[:, self.group[states], self.group[others]]

    def since(self, states: Int[Tensor, "*m g"]) -> Float[Tensor, "*m g k s"]:
        """V of all states minus V of each of these."""
        found = self.tail.unsqueeze(-3) - taken(self.tail, states).mT.unsqueeze(-1)
        if self.step is None or self.group is None:
            return found
        return found + taken(taken(self.step, self.group.gather(-1, states)).movedim(-1, -3), self.group)

    def below(self, tail: Float[Tensor, "*m k t"], among: References, group: Int[Tensor, "*m t"] | None) -> "Values":
        """The values one layer below: `tail` is E[V(x) - V(r) | s] of its states s, r their references."""
        level = self.at(among.states)
        if group is None:
            return Values(tail, level)
        return Values(tail, level, group, taken(self.since(among.states), among.states).movedim(-3, -1))


def taken(values: Float[Tensor, "..."], index: Int[Tensor, "*m t"]) -> Float[Tensor, "..."]:
    """Those of the last axis that are named, the same ones along all axes that the index does not have."""
    between = values.dim() - index.dim()
    index = index.view(*index.shape[:-1], *(1,) * between, index.shape[-1])
    return values.gather(-1, index.expand(*values.shape[:-1], index.shape[-1]))


def keys_of(noise: Noise, a: Float[Tensor, "*m n t"]) -> Int[Tensor, "*m t"]:
    """What the units do that are certain at these pre-activations, the others taken for low."""
    return number(noise.cdf(-a) < CERTAIN, a)


def references(activations: Sequence[Float[Tensor, "..."]], noise: Noise) -> list[References]:
    """For every Bernoulli layer one reference state or more, from its pre-activations for the data or for every state below."""
    surely = (noise.cdf(-torch.stack([a.max() for a in activations])) < CERTAIN).tolist()  # whether any unit is surely high
    points = slice(None) if any(surely) else slice(1)
    found, path = [], None
    for certain, a in zip(surely, activations, strict=True):
        a = a[..., points] if path is None else taken(a, path)
        path = number(a > 0, a)
        if certain:
            found.append(frequent(keys_of(noise, a), path))
        else:  # one key, at little cost
            found.append(References(torch.zeros_like(path[..., :1]), path[..., :1]))
    return found


def frequent(keys: Int[Tensor, "*m b"], states: Int[Tensor, "*m b"]) -> References:
    """The MOST most frequent keys of each network, each with the state of the first data point that has it; where another network has
    more, the first of them again."""
    points = keys.shape[-1]
    network = torch.arange(keys.numel(), device=keys.device).div(points, rounding_mode="floor")
    pairs, which, counts = torch.unique(torch.stack((network, keys.flatten())), dim=1, return_inverse=True, return_counts=True)
    first = torch.full_like(counts, keys.numel()).scatter_reduce(0, which, torch.arange(keys.numel(), device=keys.device), "amin")
    order = counts.argsort(descending=True, stable=True)
    order = order[pairs[0, order].argsort(stable=True)]
    owner = pairs[0, order]
    rank = torch.arange(len(order), device=keys.device) - torch.searchsorted(owner, owner)
    kept = order[rank < MOST]
    place = order[rank == 0].repeat(int(rank.max().clamp_max(MOST - 1)) + 1, 1).T.contiguous()  # [m, g]
    place[owner[rank < MOST], rank[rank < MOST]] = kept
    return References(pairs[1][place].view(*keys.shape[:-1], -1), states.flatten()[first[place]].view(*keys.shape[:-1], -1))


def grouping(among: References, noise: Noise, a: Float[Tensor, "*m n t"]) -> Int[Tensor, "*m t"] | None:
    """The number of the reference, among these of a layer, of each state below or data point; None where there is but one."""
    if among.keys.shape[-1] == 1:
        return None
    return (keys_of(noise, a).unsqueeze(-1) == among.keys.unsqueeze(-2)).to(torch.uint8).argmax(-1)


def members(among: References, group: Int[Tensor, " t"] | None) -> list[tuple[int, Int[Tensor, " u"] | slice]]:
    """(number of the reference, numbers of the states below that have it), of those that any has."""
    if group is None:
        return [(0, slice(None))]
    return [(number, (group == number).nonzero()[:, 0]) for number in group.unique().tolist()]
