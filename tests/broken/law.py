"""Rows whose law depends on the size of the call, on the place in it, or on the precision."""

import torch

from broken.altered import Altered
from straightedge.estimators.mean_field import MeanField


class EvenCalls(Altered):
    meant = "check_sizes"

    def alter(self, rows, network, n, rng):
        return rows * (0.5 if n % 2 == 0 else 1.0)


class SingleRows(EvenCalls):
    def alter(self, rows, network, n, rng):
        return rows * (2.0 if n == 1 else 1.0)


class LongCalls(EvenCalls):
    def alter(self, rows, network, n, rng):
        return rows * (0.6 if n > 1000 else 1.0)


class ShortCalls(EvenCalls):
    def alter(self, rows, network, n, rng):
        return rows * (0.6 if n < 8 else 1.0)


class PowersOfTwo(EvenCalls):
    def alter(self, rows, network, n, rng):
        return rows * (1.0 if n & (n - 1) else 0.6)


class DividedByOneMore(EvenCalls):
    """n / (n + 1) of the right length."""

    def alter(self, rows, network, n, rng):
        return rows * (n / (n + 1))


class Normalised(EvenCalls):
    """Divided by the largest row of the call."""

    def alter(self, rows, network, n, rng):
        return rows / rows.norm(dim=1).max().clamp_min(1e-9)


class ConstantByCall(MeanField):
    """Not random, and of another length in calls of hundreds."""

    __doc__ = MeanField.__doc__
    meant = "check_sizes"

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng) * (2.0 if n > 100 else 1.0)


class FirstRowLonger(Altered):
    meant = "check_place"

    def alter(self, rows, network, n, rng):
        rows[0] *= 2
        return rows


class FirstRowZero(FirstRowLonger):
    def alter(self, rows, network, n, rng):
        rows[0] = 0
        return rows


class SecondRowShort(FirstRowLonger):
    def alter(self, rows, network, n, rng):
        rows[1:2] *= 0.5
        return rows


class LastRowOfOthers(FirstRowLonger):
    """The last row is turned round."""

    def alter(self, rows, network, n, rng):
        rows[-1] *= -1
        return rows


class EveryOtherShort(FirstRowLonger):
    def alter(self, rows, network, n, rng):
        rows[1::2] *= 0.6
        return rows


class EveryThirdShort(FirstRowLonger):
    def alter(self, rows, network, n, rng):
        rows[::3] *= 0.6
        return rows


class WarmingUp(FirstRowLonger):
    """Rows grow to their length in the first hundreds of a call."""

    def alter(self, rows, network, n, rng):
        return rows * (1 - (-torch.arange(n, dtype=rows.dtype) / 200).exp()).unsqueeze(1)


class EndMissing(FirstRowLonger):
    """Rows past the four thousandth are left at zero."""

    def alter(self, rows, network, n, rng):
        rows[4096:] = 0
        return rows


class SortedRows(FirstRowLonger):
    def alter(self, rows, network, n, rng):
        return rows[rows.norm(dim=1).argsort()]


class ShortInSinglePrecision(Altered):
    meant = "check_precision"

    def alter(self, rows, network, n, rng):
        return rows * (0.7 if rows.dtype == torch.float32 else 1.0)


class RoundedInSinglePrecision(ShortInSinglePrecision):
    """Whole numbers in float32."""

    def alter(self, rows, network, n, rng):
        return rows.round() if rows.dtype == torch.float32 else rows


class ConstantInSinglePrecision(MeanField):
    __doc__ = MeanField.__doc__
    meant = "check_precision"

    def __call__(self, network, n, rng):
        rows = super().__call__(network, n, rng)
        return rows * (1.1 if rows.dtype == torch.float32 else 1.0)
