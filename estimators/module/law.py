"""The law of a unit: which states it has, how likely each is, and who shares it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import Noise


@dataclass(frozen=True)
class Law:
    """Binary units: hi with probability F(a), else lo."""

    noise: Noise
    states: tuple[float, float]
    shared: bool = False
    """Whether one state serves all data points, as a weight's does; the first axis of a is else that of the points."""
    name: str = "unit"
    """Whose they are, for sentences about them."""

    def encode(self, upper: Tensor, like: Tensor) -> Tensor:
        """States from truth values."""
        lo, hi = (torch.full((), state, dtype=like.dtype, device=like.device) for state in self.states)
        return torch.where(upper, hi, lo)

    def scaled(self, x: Tensor) -> Tensor:
        """From {-1, +1}, or between, to these states."""
        lo, hi = self.states
        half = (hi - lo) / 2
        return x if lo == -hi == -1.0 else x * half + (lo + half)

    def mean(self, a: Tensor) -> Tensor:
        """E x, differentiable in a."""
        return self.states[0] + (self.states[1] - self.states[0]) * self.noise.cdf(a)

    def sample(self, a: Tensor, u: Tensor) -> Tensor:
        """States for the uniforms u."""
        return self.encode(u < self.noise.cdf(a), a)

    def passed(self, rule: Rule, a: Tensor, u: Tensor, vs: list[Tensor]) -> Tensor:
        """States that pass gradients by a rule."""
        return self.scaled(rule.state(a, u, vs, self.noise))


def rule_of(rule: object) -> Rule:
    """The rule of this name with its hyper-parameters, as 'st_gumbel:tau=0.1', or itself.  Raises InputError for what is no rule."""
    found = estimator_of(rule) if isinstance(rule, str) else rule
    if not isinstance(found, Rule):
        raise InputError(f"rule: {rule if isinstance(rule, str) else type(rule).__name__} does not say how one unit passes a gradient; "
                         "expected a Rule, such as straight_through")
    return found
