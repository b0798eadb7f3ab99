"""Means that are wrong where losses are large, small or uncertain, for one parameter, or in a few rows."""

import torch

from broken.altered import Altered, OwnNoise
from straightedge.estimators.straight_through import StraightThrough


class Clipped(Altered):
    """Rows are brought to a length of at most a hundred."""

    meant = "check_unbiased"

    def alter(self, rows, network, n, rng):
        return rows * (100 / rows.norm(dim=1, keepdim=True).clamp_min(1e-12)).clamp_max(1)


class Added(Clipped):
    """A little is added for safety."""

    def alter(self, rows, network, n, rng):
        return rows + 1e-6


class OneCoordinate(Clipped):
    """The last parameter has the wrong sign."""

    def alter(self, rows, network, n, rng):
        rows[:, -1] *= -1
        return rows


class NoLoss(Clipped):
    """The output layer's own gradient is forgotten."""

    def alter(self, rows, network, n, rng):
        rows[:, network.groups[f"layer{len(network.shapes) - 1}"]] *= float(not network.outputs)
        return rows


class Bounded(OwnNoise):
    """Units are never more certain than 90 %."""

    meant = "check_unbiased"

    def uniforms(self, network, n, rng):
        return [0.1 + 0.8 * u for u in super().uniforms(network, n, rng)]


class RareJump(Clipped):
    """One row in a thousand is a hundred times too long."""

    def alter(self, rows, network, n, rng):
        return rows * (1 + 99.0 * (torch.rand(n, 1, generator=rng, dtype=rows.dtype) < 1e-3))


class RareLoss(Clipped):
    """One row in ten thousand is very long, the others are shorter for it: right on average, which some thousand rows cannot tell."""

    def alter(self, rows, network, n, rng):
        return rows * torch.where(torch.rand(n, 1, generator=rng, dtype=rows.dtype) < 1e-4, 5000.5, 0.5).to(rows)


class CauchyNoise(Altered):
    """Noise that has no mean, and no variance, is added."""

    meant = "check_tails"

    def alter(self, rows, network, n, rng):
        return rows + torch.tan(torch.pi * (torch.rand(rows.shape, generator=rng, dtype=rows.dtype) - 0.5))


class HeavyWeight(CauchyNoise):
    """Weights of mean one, of which the largest carries the sum of squares."""

    def alter(self, rows, network, n, rng):
        return rows * torch.exp(3.5 * torch.randn(n, 1, generator=rng, dtype=rows.dtype) - 3.5**2 / 2)


class RareNotANumber(CauchyNoise):
    """One row in five hundred is not a number."""

    def alter(self, rows, network, n, rng):
        return torch.where(torch.rand(n, 1, generator=rng, dtype=rows.dtype) < 2e-3, torch.nan, rows)


class ExactForOneEncoding(StraightThrough):
    """Short for bits."""

    __doc__ = StraightThrough.__doc__
    meant = "check_exact_for"

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng) * (0.9 if network.span == 1 else 1.0)


class ExactForOneNoise(ExactForOneEncoding):
    """Long under triangular noise."""

    def __call__(self, network, n, rng):
        return StraightThrough.__call__(self, network, n, rng) * (1.1 if "Triangular" in repr(network.noise) else 1.0)


class ExactForTooMuch(StraightThrough):
    """Straight-through is right for multi-affine losses, not for squares of one unit."""

    __doc__ = StraightThrough.__doc__
    meant = "check_exact_for"
    exact_for = frozenset({"multi_affine", "quadratic"})


class UnknownClass(StraightThrough):
    __doc__ = StraightThrough.__doc__
    meant = "check_exact_for"
    exact_for = frozenset({"everything"})
