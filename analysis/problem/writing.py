"""The same function of the states, written in several ways: equal on the states, different between them.

Derivatives are taken between the states, so a chain estimator sees the writing, and the exact gradient does not.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.analysis.problem.function import vector
from straightedge.analysis.problem.problem import Problem, ProblemError


@dataclass(frozen=True)
class Writing(Problem):
    """A random function of one Walsh degree, with a power in every term that changes nothing on states in {-1, +1}.

    power 1 is the multi-affine writing; an odd power p has x_i^p in place of one x_i of the term, an even one has x_j^p times it, j
    another unit."""

    told: ClassVar[tuple[str, ...]] = ("degree", "power")
    degree: int = 2
    """Units whose product each term is, on the states."""
    power: int = 1
    """Highest power of one unit."""
    units: int = 6
    scale: float = 1.0
    """Standard deviation of the pre-activations."""
    seed: int = 0
    """Of coefficients and pre-activations; the function on the states depends on it and `degree` only."""

    def network(self):
        if not (self.degree >= 1 and self.degree + (self.power % 2 == 0) <= self.units):
            raise ProblemError(f"writing: degree {self.degree} and power {self.power} do not fit {self.units} units")
        rng = torch.Generator().manual_seed(self.seed)
        logits = self.scale * torch.randn(self.units, generator=rng, dtype=torch.float64)
        terms = list(combinations(range(self.units), self.degree))
        weights = torch.randn(len(terms), generator=rng, dtype=torch.float64) / len(terms) ** 0.5
        powers = torch.zeros(len(terms), self.units, dtype=torch.long)
        for row, term in enumerate(terms):
            powers[row, list(term)] = 1
            others = [unit for unit in range(self.units) if unit not in term] if self.power % 2 == 0 else list(term)
            powers[row, others[row % len(others)]] = self.power

        def function(x: Tensor) -> Tensor:
            return (x.unsqueeze(-2) ** powers.to(x.device)).prod(-1) @ weights.to(x)

        return vector(logits, function)

    @property
    def title(self):
        return f"Walsh degree {self.degree}, power {self.power}"
