"""Means that are wrong, everywhere or where networks differ in one way; and means that rest on a few rows."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from broken.altered import Altered
from straightedge.estimators.base import ascend
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.mean_field import mean_field
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import estimate_rows, trunk


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
        if network.depth > 1 or network.outputs:
            raise Unsuitable("needs a network of one Bernoulli layer without output layer")

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        states, (a,), z = trunk(network, us)
        value, slope = network.outcome(z)
        means, _, mean_z = ascend(mean_field, network, us)
        control = (network.slope(mean_z)[1] * (states[1] - means[1])).sum(-1)
        return estimate_rows(network, states, [(value - control).unsqueeze(-1) * network.noise.score(a, states[1] > means[1])], slope)


class ShortOn(Altered):
    """Short on networks of one kind."""

    meant = "check_unbiased"

    def kind(self, network):
        return False

    def alter(self, rows, network, n, rng):
        return rows * (0.6 if self.kind(network) else 1.0)


class Wide(ShortOn):
    def kind(self, network):
        return max(network.widths) > 8


class WideBelow(ShortOn):
    def kind(self, network):
        return network.depth > 1 and network.widths[0] > 5


class Deep(ShortOn):
    def kind(self, network):
        return network.depth > 4


class ManyPoints(ShortOn):
    def kind(self, network):
        return len(network.inputs) > 8


class ManyInputs(ShortOn):
    def kind(self, network):
        return network.inputs.shape[1] > 10


class ManyClasses(ShortOn):
    def kind(self, network):
        return network.outputs > 8


class SeveralOutputs(ShortOn):
    def kind(self, network):
        return network.outputs > 2 and network.outputs < 8


class NormalNoise(ShortOn):
    def kind(self, network):
        return "Normal" in repr(network.noise)


class UniformBits(ShortOn):
    def kind(self, network):
        return "Uniform" in repr(network.noise) and network.span == 1


class TriangularSigns(ShortOn):
    def kind(self, network):
        return "Triangular" in repr(network.noise) and network.depth > 1 and network.span == 2


class BitsInLayers(ShortOn):
    def kind(self, network):
        return network.span == 1 and network.depth > 1


class NoOutput(ShortOn):
    def kind(self, network):
        return not network.outputs and network.depth > 1
