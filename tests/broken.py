"""Estimators that are deliberately wrong, each in one way; `meant` names the check that must notice, `also` those that it upsets too."""

import random
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from straightedge.estimators.arm import Arm
from straightedge.estimators.base import ascend
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.mean_field import MeanField, mean_field
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import estimate_rows, trunk
from straightedge.estimators.straight_through import StraightThrough


@dataclass(frozen=True)
class WrongSign(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_unbiased"

    def __call__(self, network, n, rng):
        return -super().__call__(network, n, rng)


@dataclass(frozen=True)
class Shrunk(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_unbiased"

    def __call__(self, network, n, rng):
        return 0.95 * super().__call__(network, n, rng)


@dataclass(frozen=True)
class ZeroMean(Disarm):
    """The sign that makes the difference of two antithetic losses point the right way, left to chance."""

    __doc__ = Disarm.__doc__
    meant: ClassVar = "check_unbiased"

    def __call__(self, network, n, rng):
        rows = super().__call__(network, n, rng)
        return rows * (2.0 * (torch.rand(n, 1, generator=rng, dtype=rows.dtype) < 0.5).to(rows) - 1)


@dataclass(frozen=True)
class BaselineWithCurrent(Reinforce):
    """The mean of 20 samples as baseline, the current one included: 5 % short."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_unbiased"
    samples: int = 20

    def __call__(self, network, n, rng):
        states, activations, z = trunk(network, network.uniform(rng, n, self.samples))
        value, slope = network.outcome(z)
        value = value - value.mean(1, keepdim=True)
        middle = sum(network.states) / 2
        return estimate_rows(network, states, [value.unsqueeze(-1) * network.noise.score(a, x > middle)
                                          for a, x in zip(activations, states[1:], strict=True)], slope)


@dataclass(frozen=True)
class MissingChainTerm(Reinforce):
    """A linear control variate is subtracted, and its own gradient not added back."""

    __doc__ = Reinforce.__doc__.replace("forward\n", "forward, 1 forward, 1 backward\n")
    meant: ClassVar = "check_unbiased"

    def check(self, network):
        if network.depth > 1:
            raise Unsuitable("needs a network of one Bernoulli layer")

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, (a,), z = trunk(network, us)
        value, slope = network.outcome(z)
        means, _, mean_z = ascend(mean_field, network, us)
        control = (network.slope(mean_z)[1] * (states[1] - means[1])).sum(-1)
        return estimate_rows(network, states, [(value - control).unsqueeze(-1) * network.noise.score(a, states[1] > means[1])], slope)


@dataclass(frozen=True)
class GlobalGenerator(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_global_random"
    also: ClassVar = ("check_value", "check_seed", "check_independent")

    def __call__(self, network, n, rng):
        return super().__call__(network, n, torch.default_generator)


@dataclass(frozen=True)
class PythonsRandom(Reinforce):
    """The state of `random` cannot be watched where beartype is at work, but its use shows."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_global_random"
    also: ClassVar = ("check_value", "check_seed", "check_independent")

    def __call__(self, network, n, rng):
        return super().__call__(network, n, torch.Generator().manual_seed(random.getrandbits(32)))


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


@dataclass(frozen=True)
class OwnSeed(Reinforce):
    """A generator of its own, seeded like the one given: every call gives the same rows."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_seed"
    also: ClassVar = ("check_unbiased",)

    def __call__(self, network, n, rng):
        return super().__call__(network, n, torch.Generator().manual_seed(rng.initial_seed()))


@dataclass(frozen=True)
class Attached(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_detached"

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng) * torch.ones((), requires_grad=True)


@dataclass(frozen=True)
class Unhashable(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_value"
    weights: list = field(default_factory=lambda: [1.0])


@dataclass(frozen=True)
class Writing(Reinforce):
    """Writes into the network."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_unchanged"
    also: ClassVar = ("check_value", "check_seed", "check_global_random", "check_independent", "check_unbiased")

    def __call__(self, network, n, rng):
        rows = super().__call__(network, n, rng)
        network.theta.mul_(1.01)
        return rows


@dataclass(frozen=True)
class WritingBack(Writing):
    """Writes into the network, and restores it."""

    __doc__ = Reinforce.__doc__

    def __call__(self, network, n, rng):
        network.theta.mul_(2)
        network.theta.div_(2)
        return Reinforce.__call__(self, network, n, rng)


@dataclass(frozen=True)
class WritingBehind(Writing):
    """Writes past autograd's version counter."""

    __doc__ = Reinforce.__doc__

    def __call__(self, network, n, rng):
        rows = Reinforce.__call__(self, network, n, rng)
        network.theta.data.mul_(1.01)
        return rows


@dataclass(frozen=True)
class OneRow(Reinforce):
    """All rows averaged."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_shape"
    also: ClassVar = ("check_random", "check_independent", "check_unbiased")

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng).mean(0, keepdim=True)


@dataclass(frozen=True)
class AlwaysDouble(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_shape"

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng).double()


@dataclass(frozen=True)
class NotANumber(Reinforce):
    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_shape"
    also: ClassVar = ("check_seed", "check_global_random")

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng) / float(n != 7)


@dataclass(frozen=True)
class SaidToBeConstant(StraightThrough):
    __doc__ = StraightThrough.__doc__
    meant: ClassVar = "check_random"
    also: ClassVar = ("check_exact_for",)
    random: ClassVar = False


@dataclass(frozen=True)
class SaidToBeRandom(MeanField):
    __doc__ = MeanField.__doc__
    meant: ClassVar = "check_random"
    random: ClassVar = True


@dataclass(frozen=True)
class Crashing(Reinforce):
    """Divides where it should refuse."""

    __doc__ = Reinforce.__doc__
    meant: ClassVar = "check_suits"

    def __call__(self, network, n, rng):
        if network.depth > 8:
            raise IndexError("list index out of range")
        return super().__call__(network, n, rng)


@dataclass(frozen=True)
class Cheap(Arm):
    """Says that it costs half of what it does."""

    __doc__ = Arm.__doc__.replace("and one more from each layer upward", "and no more")
    meant: ClassVar = "check_cost"


@dataclass(frozen=True)
class Priceless(Arm):
    """Does not say what it costs."""

    __doc__ = Arm.__doc__.replace("1 forward, and one more from each layer upward", "very little")
    meant: ClassVar = "check_cost"


@dataclass(frozen=True)
class Undocumented(Reinforce):
    meant: ClassVar = "check_documented"
    also: ClassVar = ("check_cost",)


@dataclass(frozen=True)
class SaidToBeBiased(Reinforce):
    """The Bias line and the class do not agree."""

    __doc__ = Reinforce.__doc__.replace("Bias    none", "Bias    yes")
    meant: ClassVar = "check_documented"


@dataclass(frozen=True)
class ExactForTooMuch(StraightThrough):
    """Straight-through is right for multi-affine losses, not for squares of one unit."""

    __doc__ = StraightThrough.__doc__
    meant: ClassVar = "check_exact_for"
    exact_for: ClassVar = frozenset({"multi_affine", "quadratic"})


@dataclass(frozen=True)
class UnknownClass(StraightThrough):
    __doc__ = StraightThrough.__doc__
    meant: ClassVar = "check_exact_for"
    exact_for: ClassVar = frozenset({"everything"})


BROKEN = (WrongSign, Shrunk, ZeroMean, BaselineWithCurrent, MissingChainTerm, GlobalGenerator, PythonsRandom, RepeatedRows,
          HiddenRepeats, SharedNoise, BaselineOverRows, OwnSeed, Attached, Unhashable, Writing, WritingBack, WritingBehind, OneRow,
          AlwaysDouble, NotANumber, SaidToBeConstant, SaidToBeRandom, Crashing, Cheap, Priceless, Undocumented, SaidToBeBiased,
          ExactForTooMuch, UnknownClass)
