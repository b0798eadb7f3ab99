"""Which rule is a binary activation written by anybody, for which noise, and does its backward pass fit its forward pass?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from straightedge.analysis.check.match import CLOSE, Match, backward_noise, chance, forward_noise, mean_error, mean_slopes
from straightedge.analysis.check.response import Activation, Response, respond, seconds
from straightedge.analysis.check.same import same_rule
from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.noise import NOISES

RIGHT = 0.02
"""Part of the largest derivative below which a mean derivative is called right."""


@dataclass(frozen=True)
class RuleReport:
    """What an activation is.  As text: a few lines."""

    states: tuple[float, float]
    random: bool
    threshold: float
    """Of one without noise: minus the pre-activation at which it changes, to 0.1."""
    noise: Match | None
    """Of a random one: the noise whose distribution function is how often it gives the upper state."""
    rule: Match | None
    """The rule of this package with the same derivatives."""
    slope_noise: Match | None
    """The noise of the unit whose mean has these derivatives: the one that the backward pass is matched to."""
    mean_error: float | None
    """Largest error of the mean derivative against that of the mean state, in parts of the largest one; None where the forward pass has
    no noise or an unknown one."""
    falling: tuple[float, float] | None
    """The least and the greatest pre-activation where the mean derivative is below zero beyond chance: a step there goes the wrong way."""
    elementwise: bool
    cost: float
    """Seconds forward and backward, in units of those of straight-through of this package, in one run."""

    def __str__(self) -> str:
        lo, hi = self.states
        found = {"forward": f"states {lo:g} and {hi:g}, {self.forward()}",
                 "backward": f"{self.rule or 'no rule of this package'}; {self.backward()}",
                 "together": self.together(),
                 "beware": self.beware(),
                 "cost": f"{self.cost:.2g} times straight-through of this package"}
        return "\n".join(f"{name:<9} {text}" for name, text in found.items() if text)

    def forward(self) -> str:
        """How states come about."""
        if self.random:
            return f"random, the noise {self.noise or 'is none known'}"
        return f"by the sign of {f'a{self.threshold:+.2g}' if self.threshold else 'a'} alone, without noise"

    def backward(self) -> str:
        """What the derivatives are matched to."""
        return f"the derivative of a unit's mean, the noise {self.slope_noise}" if self.slope_noise else "of no known noise's density"

    def beware(self) -> str:
        """What no unit should do; empty where it does nothing of the kind."""
        found = [] if self.elementwise else ["a unit depends on the pre-activations of others"]
        if self.falling:
            found.append("the derivative is below zero at a = {:.2g} to {:.2g}, where the state rises with a".format(*self.falling))
        return "; ".join(found)

    def together(self) -> str:
        """Whether both passes are of one unit."""
        if not self.random:
            return "two models: the forward pass has no derivative, " + (
                "the backward pass is that of a random unit's mean" if self.slope_noise else "and the backward pass is no unit's mean")
        if self.mean_error is None:
            return "cannot tell: the forward pass follows no known noise"
        if self.mean_error < RIGHT:
            return "the mean derivative is that of the mean state: right for a loss linear in the states"
        return f"the mean derivative is off by up to {self.mean_error:.0%} of the largest"


def check_rule(function: Activation) -> RuleReport:
    """What a binary activation is: a function of pre-activations [..] that gives states of the same shape, with any autograd of its own.

    It is called on a table of pre-activations from torch's generator at a fixed seed, which is left as it was.  Raises InputError, in one
    sentence, where it fails, is not binary or has no gradient."""
    seen = respond(function)
    noise = forward_noise(seen) if seen.random else None
    rule = same_rule(seen, noise)
    error = mean_error(seen, noise)
    slope_noise = noise if error is not None and error < RIGHT else backward_noise(seen)
    timed = seconds(function) / seconds(straight_through)
    return RuleReport(seen.states, seen.random, threshold(seen), noise, rule, slope_noise, error, falling(seen), seen.elementwise, timed)


def falling(seen: Response) -> tuple[float, float] | None:
    """Where the mean derivative is below zero, whatever the sampling."""
    mean = mean_slopes(seen)
    where = seen.a[mean < -(chance(seen) + CLOSE * mean.abs().max())]
    return (float(where.min()), float(where.max())) if len(where) else None


def threshold(seen: Response) -> float:
    """Minus the pre-activation at which the likelier state changes, to the grid's step."""
    return round(-float(seen.a[int((seen.upper < 0.5).sum()) - 1]) - 0.05, 2) + 0.0 if 0 < float(seen.upper.mean()) < 1 else 0.0


def straight_through(a: Tensor) -> Tensor:
    """What the cost is counted in."""
    rule = registry()["straight_through"]()
    assert isinstance(rule, Rule)
    return rule.unit(a, torch.rand_like(a), NOISES["logistic"])
