"""Rows for the checks: one draw serves every check that looks at it.

Shapes: n rows, d parameters, c calls.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.check.ladder import suiting
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network

LONGEST, SHORTEST, EFFORT = 8192, 2048, 3e6
"""Rows of a chunk: as many as this number of multiply-adds gives, within the first two."""
SIZES = {1: 240, 2: 500, 3: 100, 5: 60, 8: 40, 17: 18, 64: 6, 257: 2, 1000: 1, 4097: 1}
"""Rows of a call -> calls of that size: odd and even, one and thousands, some 300 rows of each size that is small."""
PREFERRED = ("multi_affine", "quadratic", "unequal_widths", "logistic signs")
"""Rungs with losses of general form and few parameters."""


def rows(estimator: Estimator, network: Network, n: int, seed: int = 0) -> Tensor:
    """n estimates from a generator of their own."""
    return estimator(network, n, torch.Generator().manual_seed(seed))


class Networks(dict[str, Network]):
    """The networks that an estimator suits, by name, the estimator, and rows of it that are drawn once."""

    def __init__(self, estimator: Estimator, networks: Mapping[str, Network]):
        super().__init__(suiting(estimator, dict(networks)))
        self.estimator = estimator
        self.first: dict[str, Tensor] = {}
        """The first rows that were ever drawn on each network."""
        self._spread: list[str] | None = None
        self._chunks: dict[str, tuple[Tensor, Tensor]] = {}
        self._calls: dict[tuple[str, int], Tensor] = {}

    def remember(self) -> None:
        """Draws the first rows of every network; what crashes or exits is left to the checks, which name it."""
        for name, network in self.items():
            with suppress(Exception, SystemExit):
                self.first[name] = rows(self.estimator, network, 5, seed=21).detach().clone()

    def chunks(self, name: str) -> Iterator[Float[Tensor, "n d"]]:
        """Chunks of rows from one generator, without end; the first is remembered."""
        network, rng = self[name], torch.Generator().manual_seed(1)
        size = int(min(LONGEST, max(SHORTEST, EFFORT / cost(self.estimator, network))))
        if name not in self._chunks:
            self._chunks[name] = self.estimator(network, size, rng).detach(), rng.get_state()
        first, state = self._chunks[name]
        yield first
        rng.set_state(state)
        while True:
            yield self.estimator(network, size, rng).detach()

    def chunk(self, name: str) -> Float[Tensor, "n d"]:
        """The first chunk, in float64."""
        return next(self.chunks(name)).double()

    def calls(self, name: str, size: int) -> Float[Tensor, "c n d"]:
        """The rows of consecutive calls of this size from one generator, in float64."""
        if (name, size) not in self._calls:
            rng = torch.Generator().manual_seed(100 + size)
            self._calls[name, size] = torch.stack([self.estimator(self[name], size, rng).detach().double() for _ in range(SIZES[size])])
        return self._calls[name, size]

    def spread(self) -> list[str]:
        """The names of the networks on which rows differ, those with the most parameters first."""
        if self._spread is None:
            spread = [name for name, network in self.items() if varied(rows(self.estimator, network, 64))]
            self._spread = sorted(spread, key=lambda name: -len(self[name].theta))
        return self._spread

    def looked_at(self) -> list[str]:
        """Two networks on which rows differ, one of one vector and one of layers, where there are; hundreds of calls are made on the
        first."""
        spread = self.spread()
        kinds = {self[name].depth > 1: name for name in (*spread, *(name for name in reversed(PREFERRED) if name in spread))}
        return [kinds[key] for key in sorted(kinds)]


def varied(estimates: Tensor) -> bool:
    """Whether not all rows are equal."""
    return bool((estimates != estimates[:1]).any())


def cost(estimator: Estimator, network: Network) -> float:
    """Multiply-adds of one row: those of the passes, and those of the products that make the row."""
    passes = network.passes
    before = passes.forwards + passes.backwards
    rows(estimator, network, 4)
    return (passes.forwards + passes.backwards - before) / 4 + len(network.inputs) * len(network.theta)
