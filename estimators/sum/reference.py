"""Values of states, told apart without cancellation where units are nearly certain.

What a state below makes of the values above is E[V(x) | s].  Where the units are nearly certain these are equal but for the small
chance of another state than the likeliest, r, and that is all that the gradients below hang on: subtracted in floating point it is lost.
So what is summed is the difference from the value of a reference state,

    V(s) = V(r) + E[V(x) - V(r) | s]

and the reference's own value is kept apart.  States below that make the certain units do something else have another reference;
the references are those that the data's likeliest paths lead to.

Shapes: k columns, s states of a layer (or data points), g references of the layer above them, b data points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.transfer import state_table

CERTAIN = 1e-4
"""Chance of a unit's rarer state below which it is certain; the small differences of other units are no smaller than this."""
MOST = 16
"""References of a layer, the most frequent first."""


@dataclass(frozen=True, eq=False)
class Values:
    """V(s) = level of the state's group + tail(s); differences within a group have the precision of the tail."""

    tail: Float[Tensor, "k s"]
    level: Float[Tensor, "k g"] | float = 0.0
    group: Int[Tensor, " s"] | None = None
    """Number of each state's reference; None where there is one for all."""
    step: Float[Tensor, "k g g"] | None = None
    """The differences of the references' values, [:, i, j] that of i from j."""

    def at(self, states: Int[Tensor, " t"] | slice = slice(None)) -> Float[Tensor, "k t"]:
        """The values of these states."""
        return (self.level if self.group is None else self.level[:, self.group[states]]) + self.tail[:, states]

    def difference(self, states: Tensor, others: Tensor) -> Tensor:
        """V of the states minus V of the others, [k, ..] for numbers of any shapes that broadcast."""
        found = self.tail[:, states] - self.tail[:, others]
        return found if self.group is None else found + self.step[:, self.group[states], self.group[others]]

    def since(self, state: int) -> Float[Tensor, "k s"]:
        """V of all states minus V of this one; only the former is differentiated by autograd."""
        shift = self.tail.detach()[:, state:state + 1]
        if self.group is None:
            return self.tail - shift
        return self.tail + (self.step[:, self.group, self.group[state]] - shift)

    def descend(self, references: Int[Tensor, " g"], group: Int[Tensor, " t"] | None,
                expectation: Callable[[Tensor | None, Tensor], Tensor]) -> "Values":
        """The values one layer below.  `expectation` (numbers of states below or None for all, columns) gives E[columns | state]."""
        level = self.at(references).detach()
        if group is None:
            return Values(expectation(None, self.since(int(references[0]))).T.contiguous(), level)
        tail = None
        for number, state in enumerate(references.tolist()):
            members = (group == number).nonzero()[:, 0]
            if len(members):
                part = expectation(members, self.since(state)).T
                tail = part.new_zeros(len(part), len(group)) if tail is None else tail
                tail = tail.index_copy(1, members, part)
        step = self.difference(references[:, None], references[None]).detach()
        return Values(tail, level, group, step)


class References(NamedTuple):
    """The reference states of a layer."""

    keys: Int[Tensor, " g"]
    """What the certain units do, by which states below find their reference."""
    states: Int[Tensor, " g"]


def number(upper: Bool[Tensor, "t n"], like: Tensor) -> Int[Tensor, " t"]:
    """The numbers of these states."""
    width = upper.shape[1]
    return upper.to(like.dtype).mv(2.0 ** torch.arange(width - 1, -1, -1, dtype=like.dtype, device=like.device)).long()


def keys_of(network: Network, a: Float[Tensor, "t n"]) -> Int[Tensor, " t"]:
    """What the units do that are certain at these pre-activations, the others taken for low."""
    return number((a > 0) & (network.noise.cdf(-a) < CERTAIN), a)


def references(network: Network) -> list[References]:
    """For every Bernoulli layer one reference state or more."""
    found, x, layers = [], network.inputs, network.layers[: network.depth]
    with torch.no_grad():  # not around `network.layers`, which is kept
        for pair in layers:
            a = F.linear(x, *pair)
            x = network.states[0] + network.span * (a > 0).to(a.dtype)
            if not float(network.noise.cdf(-a.max())) < CERTAIN:  # no unit is surely high: one key, at little cost
                found.append(References(torch.zeros_like(a[:1, 0], dtype=torch.long), number(a[:1] > 0, a)))
                continue
            keys, which, counts = torch.unique(keys_of(network, a), return_inverse=True, return_counts=True)
            chosen = counts.argsort(descending=True, stable=True)[:MOST]
            members = torch.stack([(which == key).to(torch.uint8).argmax() for key in chosen])
            found.append(References(keys[chosen], number(a[members] > 0, a)))
    return found


def grouping(network: Network, layer: int, among: References) -> Int[Tensor, " t"] | None:
    """The number of the reference, among these of a layer, of each state below or data point; None where there is but one."""
    if len(among.keys) == 1:
        return None
    weight, bias = network.layers[layer]
    below = state_table(network, layer - 1) if layer else network.inputs
    found = keys_of(network, F.linear(below, weight.detach(), bias.detach()))
    return (found[:, None] == among.keys).to(torch.uint8).argmax(1)
