"""Rows that depend on each other."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from broken.altered import Altered, OwnNoise
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import estimate_rows, mean_of_others, trunk
from straightedge.estimators.straight_through import StraightThrough


class AntitheticHalves(OwnNoise):
    """The second half of the rows takes the opposite noise of the first, drawn by the network."""

    meant = "check_noise"

    def uniforms(self, network, n, rng):
        return [torch.cat((u, 1 - u))[:n] for u in network.uniform(rng, (n + 1) // 2)]


class AntitheticNeighbours(OwnNoise):
    """Rows in pairs of opposite noise, past the network."""

    meant = "check_independent"

    def uniforms(self, network, n, rng):
        us = super().uniforms(network, (n + 1) // 2, rng)
        return [torch.stack((u, 1 - u), 1).flatten(0, 1)[:n] for u in us]


class AntitheticMirrored(AntitheticNeighbours):
    """The opposite of a row stands as far from the end as it from the start."""

    def uniforms(self, network, n, rng):
        us = OwnNoise.uniforms(self, network, (n + 1) // 2, rng)
        return [torch.cat((u, (1 - u).flip(0)))[-n:] for u in us]


class AntitheticShuffled(AntitheticNeighbours):
    """In an order that is drawn anew."""

    def uniforms(self, network, n, rng):
        order = torch.randperm(n, generator=rng)
        return [u[order] for u in super().uniforms(network, n, rng)]


class Stratified(AntitheticNeighbours):
    """The noise of the first unit has one row in every n-th of [0, 1]."""

    def uniforms(self, network, n, rng):
        us = OwnNoise.uniforms(self, network, n, rng)
        us[0][:, 0, 0] = (torch.randperm(n, generator=rng) + us[0][:, 0, 0]) / n
        return us


class SharedUnit(AntitheticNeighbours):
    """The noise of one unit is the same for all rows of a call."""

    def uniforms(self, network, n, rng):
        us = OwnNoise.uniforms(self, network, n, rng)
        us[0][:, 0, 0] = us[0][0, 0, 0].clone()
        return us


class BatchBaselinePastTheNetwork(OwnNoise):
    """The mean loss of all rows as baseline, the row's own among them."""

    meant = "check_independent"

    def subtracted(self, value):
        return value.mean(0)


class BatchBaselineOfOthers(BatchBaselinePastTheNetwork):
    """The mean loss of the other rows: unbiased where there are others, but the rows share it."""

    def subtracted(self, value):
        return mean_of_others(value.T).T if len(value) > 1 else 0.0


class BatchBaselineInPairs(BatchBaselinePastTheNetwork):
    """Each row takes the loss of its neighbour as baseline."""

    def subtracted(self, value):
        return value.roll(1, 0)


class Centred(Altered):
    """The mean of the call is taken out, and that of another call put in: right on average, never less noisy for more rows."""

    meant = "check_noise"

    def alter(self, rows, network, n, rng):
        return rows - rows.mean(0) + super(Altered, self).__call__(network, 1, rng)


class SharedLength(Altered):
    """All rows of a call are longer or shorter together."""

    meant = "check_independent"

    def alter(self, rows, network, n, rng):
        return rows * (0.5 + torch.rand(1, generator=rng, dtype=rows.dtype))


class BlockRepeated(SharedLength):
    """The generator starts again after a thousand rows."""

    def alter(self, rows, network, n, rng):
        return rows[torch.arange(n) % 1000]


class LateRepeats(SharedLength):
    """Rows come again after four thousand others."""

    def alter(self, rows, network, n, rng):
        return torch.cat((rows[:4001], rows[: max(0, n - 4001)]))


class Smoothed(SharedLength):
    """Each row is mixed with the one before, its length kept."""

    def alter(self, rows, network, n, rng):
        return 0.8 * rows + 0.2 * rows.roll(1, 0)


@dataclass(frozen=True)
class RepeatedRows(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_independent"

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng)[: (n + 1) // 2].repeat(2, 1)[:n]


@dataclass(frozen=True)
class HiddenRepeats(RepeatedRows):
    """Every tenth row is the one before: the noise of row 0 touches no other."""

    __doc__ = Reinforce.__doc__

    def __call__(self, network, n, rng):
        rows = Reinforce.__call__(self, network, n, rng).clone()
        rows[9::5] = rows[8::5][: len(rows[9::5])]
        return rows


@dataclass(frozen=True)
class SharedNoise(StraightThrough):
    """One random number for all rows of a call."""

    __doc__ = StraightThrough.__doc__
    meant: ClassVar = "check_independent"
    also: ClassVar = ("check_exact_for",)

    def __call__(self, network, n, rng):
        rows = super().__call__(network, n, rng)
        return rows * torch.rand(1, 1, generator=rng, dtype=rows.dtype).to(rows)


@dataclass(frozen=True)
class BaselineOverRows(Reinforce):
    """The mean loss of all rows as baseline."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_independent"

    def __call__(self, network, n, rng):
        states, activations, z = trunk(network, network.uniform(rng, n))
        value, slope = network.outcome(z)
        middle = sum(network.states) / 2
        return estimate_rows(network, states, [(value - value.mean(0)).unsqueeze(-1) * network.noise.score(a, x > middle)
                                          for a, x in zip(activations, states[1:], strict=True)], slope)
