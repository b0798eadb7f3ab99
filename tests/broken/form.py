"""Estimates of another form, calls that write or crash, docstrings that do not say what holds."""

import sys
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from broken.altered import Altered
from straightedge.estimators.arm import Arm
from straightedge.estimators.reinforce import Reinforce


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


class FewerRows(Altered):
    """One row is lost in long calls."""

    meant = "check_shape"

    def alter(self, rows, network, n, rng):
        return rows[:256]


class Transposed(FewerRows):
    def alter(self, rows, network, n, rng):
        return rows.T


class Numpys(FewerRows):
    def alter(self, rows, network, n, rng):
        return rows.numpy()


class Complex(FewerRows):
    def alter(self, rows, network, n, rng):
        return rows + 0j


class Whole(FewerRows):
    def alter(self, rows, network, n, rng):
        return (1000 * rows).long()


class Leaving(FewerRows):
    """Ends the program, with the status of a success."""

    def alter(self, rows, network, n, rng):
        sys.exit(0)


class WritingInputs(Altered):
    meant = "check_unchanged"

    def alter(self, rows, network, n, rng):
        network.inputs.mul_(1.001)
        return rows


class KeepingState(Altered):
    """Counts its calls in a field."""

    meant = "check_unchanged"

    def alter(self, rows, network, n, rng):
        object.__setattr__(self, "calls", vars(self).get("calls", 0) + 1)
        return rows
