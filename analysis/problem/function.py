"""Problems without data: one Bernoulli vector whose loss is a function of its state.

The functions are frozen dataclasses of plain values; their tensors are made from a seed when the network is built.
"""

from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.analysis.problem.choice import NoiseName, States
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.word import STATES


def vector(logits: Tensor, function, noise: str = "logistic", states: str = "+-1") -> Network:
    """The network of one Bernoulli vector with pre-activations `logits` [n] and loss function [.., n] -> [..]."""
    n = len(logits)
    nothing = logits.new_empty(1, 0)
    return Network.of([logits.new_empty(n, 0)], [logits], nothing, nothing, StateFunction(function),
                      NOISES[noise], STATES[states])


@dataclass(frozen=True)
class Toy(Problem):
    """E (b - t)^2 over independent bits b, averaged: the toy of REBAR, RELAX and ARM."""

    told: ClassVar[tuple[str, ...]] = ("target",)
    target: float = 0.45
    """t, the same for every unit."""
    units: int = 1
    logit: float = 0.0
    """The pre-activation of every unit."""
    noise: NoiseName = "logistic"

    def network(self):
        logits = torch.full((self.units,), self.logit, dtype=torch.float64)
        return vector(logits, lambda b: (b - self.target).square().mean(-1), self.noise, "01")

    @property
    def title(self):
        return f"toy t = {self.target:g}"


@dataclass(frozen=True)
class Polynomial(Problem):
    """A random polynomial of one Bernoulli vector with normal coefficients and pre-activations.

    multi_affine: products of distinct units; quadratic and cubic: repeated units as well, so that x_i^2 counts."""

    told: ClassVar[tuple[str, ...]] = ("units", "degree", "repeated")
    units: int = 8
    degree: int = 3
    """Highest degree; quadratic is 2, cubic 3."""
    repeated: bool = False
    """Whether powers of one unit occur (quadratic, cubic) or not (multi-affine)."""
    scale: float = 1.0
    """Standard deviation of the pre-activations."""
    noise: NoiseName = "logistic"
    states: States = "+-1"
    seed: int = 0

    def network(self):
        rng = torch.Generator().manual_seed(self.seed)
        logits = self.scale * torch.randn(self.units, generator=rng, dtype=torch.float64)
        choose = combinations_with_replacement if self.repeated else combinations
        terms = [torch.tensor(list(choose(range(self.units), degree))) for degree in range(1, self.degree + 1)]
        weights = [torch.randn(len(term), generator=rng, dtype=torch.float64) / len(term) ** 0.5 for term in terms]

        def function(x: Tensor) -> Tensor:
            pairs = zip(terms, weights, strict=True)
            return sum(x[..., term].prod(-1) @ weight.to(x) for term, weight in pairs)

        return vector(logits, function, self.noise, self.states)

    @property
    def title(self):
        kind = "polynomial" if self.repeated else "multi-affine"
        return f"{kind} of degree {self.degree}, {self.units} units"


