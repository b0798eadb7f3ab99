"""Rows that depend on what was called before."""

from typing import ClassVar

import torch

from broken.altered import Altered


class Counting(Altered):
    """The hundredth call, and those after it, are short."""

    meant = "check_state"
    calls: ClassVar[list] = []

    def alter(self, rows, network, n, rng):
        self.calls.append(0)
        return rows * (0.6 if len(self.calls) > 100 else 1.0)


class FirstCallUnlike(Counting):
    """The first call on each network is longer."""

    seen: ClassVar[set] = set()

    def alter(self, rows, network, n, rng):
        first = id(network) not in self.seen
        self.seen.add(id(network))
        return rows * (2.0 if first else 1.0)


class KeptOnTheNetwork(Counting):
    """The mean of the first rows is kept on the network, and taken from all later ones."""

    def alter(self, rows, network, n, rng):
        kept = vars(network).setdefault("kept", rows.mean(0))
        return rows - kept + network.theta


class LastCallsMean(Counting):
    """A moving average over calls takes part in every row."""

    average: ClassVar[dict] = {}

    def alter(self, rows, network, n, rng):
        before = self.average.get(id(network), torch.zeros_like(rows[0]))
        self.average[id(network)] = 0.9 * before + 0.1 * rows.mean(0)
        return rows - before
