"""Stochastic units for torch models: a module, and a function for code that is no module."""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.spelling import label_of
from straightedge.estimators.module.law import Law, rule_of
from straightedge.estimators.module.tape import PLAYING
from straightedge.estimators.network.error import InputError, nearest
from straightedge.estimators.network.word import noise_of, states_of

Mode = Literal["sample", "mean", "likeliest"]
NARROW = (torch.float16, torch.bfloat16)
"""Precisions too coarse for a probability: units are drawn in float32 there."""


def respond(a: Tensor, law: Law, rule: Rule, mode: Mode = "sample") -> Tensor:
    """The states of these units, of the shape and precision of a: from the tape that plays, else by `mode`.

    Samples come from torch's own generator and pass gradients by the rule; the mean is differentiable itself; the likeliest is not."""
    tape = PLAYING.get()
    if tape is not None:
        return tape(a, law)
    wide = a.float() if a.dtype in NARROW else a
    if mode == "mean":
        x = law.mean(wide)
    elif mode == "likeliest":
        x = law.encode(wide > 0, wide)
    else:
        u, *vs = (torch.rand_like(wide) for _ in range(1 + rule.further))
        x = law.passed(rule, wide, u, vs)
    return x.to(a.dtype)


def bernoulli(a: Tensor, rule: object = "straight_through", noise: object = "logistic", states: object = (-1, 1)) -> Tensor:
    """Stochastic binary states for pre-activations a of any shape: hi with probability F(a), else lo; gradients pass by the rule."""
    return respond(a, Law(noise_of(noise), states_of(states), name="bernoulli"), rule_of(rule))


class Unit(nn.Module):
    """What modules with stochastic units share: the rule while training, the mode in evaluation.

    rule    how a gradient passes a unit: a name as 'st_gumbel:tau=0.1', or a Rule
    noise   the distribution function F, by name or as a Noise
    states  (lo, hi)
    mode    in evaluation: sample, mean or likeliest
    """

    def __init__(self, rule: object = "straight_through", noise: object = "logistic", states: object = (-1, 1),
                 mode: str = "sample"):
        super().__init__()
        self.rule, self.noise, self.states = rule_of(rule), noise_of(noise), states_of(states)
        self.mode = mode_of(mode)

    def states_for(self, a: Tensor, shared: bool = False) -> Tensor:
        """The states of units with these pre-activations."""
        law = Law(self.noise, self.states, shared, type(self).__name__)
        return respond(a, law, self.rule, "sample" if self.training else self.mode)

    def extra_repr(self) -> str:
        return f"rule={label_of(self.rule)}, noise={self.noise}, states={self.states}, mode={self.mode}"


class Bernoulli(Unit):
    """Stochastic binary activations of any shape [b, ..]: hi with probability F(a), else lo."""

    def forward(self, a: Tensor) -> Tensor:
        return self.states_for(a)


def mode_of(mode: str) -> Mode:
    """This mode.  Raises InputError for anything else."""
    for known in get_args(Mode):
        if mode == known:
            return known
    raise InputError(nearest(str(mode), get_args(Mode), "mode"))
