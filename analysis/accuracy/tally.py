"""What is known of one group of parameters from all rows of all seeds: the record that every metric is a function of.

Shapes: k parameters of the group, j blocks, q blocks of the reference's run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.accuracy.accuracy import Accuracy
from straightedge.analysis.accuracy.block import fewer
from straightedge.analysis.accuracy.interval import Square
from straightedge.analysis.accuracy.sums import Sums
from straightedge.analysis.accuracy.truth import Truth

MOST = 128


@dataclass(frozen=True, eq=False)
class Directions:
    """Over means of M rows: the sum of their unit vectors, and the sums of their cosines."""

    units: Float[Tensor, " k"]
    cosines: Sums


@dataclass(frozen=True, eq=False)
class Error:
    """The error of a mean of n rows, by the centred means of its blocks."""

    n: int
    variance: Float[Tensor, " k"]
    """Of the mean, per coordinate."""
    means: Float[Tensor, "j k"]

    @cached_property
    def factor(self) -> Float[Tensor, "j k"]:
        """F with F' F an unbiased estimate of the covariance of the mean."""
        j = len(self.means)
        return (self.means - self.means.mean(0)) / max(j * (j - 1), 1) ** 0.5

    def trace2(self) -> float:
        """tr C^2 of its covariance, unbiased where rows are normal, within what the variances allow."""
        trace, j = float(self.variance.sum()), len(self.means)
        least, most = max(float(self.variance.square().sum()), trace**2 / max(len(self.variance), 1)), trace**2
        if j < 4:
            return most
        gram = self.factor @ self.factor.T
        found = (j - 1) ** 2 / ((j - 2) * (j + 1)) * (float(gram.square().sum()) - float(gram.diagonal().sum()) ** 2 / (j - 1))
        return min(max(found, least), most)

    def along(self, vector: Float[Tensor, " k"]) -> float:
        """v' C v."""
        return float((self.factor @ vector).square().sum())


@dataclass(frozen=True, eq=False)
class Tally:
    """One group.  Where n is infinite, mean and variance are exact."""

    exact: Float[Tensor, " k"]
    """The gradient, or the mean of the run in its place."""
    n: float | int
    mean: Float[Tensor, " k"]
    variance: Float[Tensor, " k"]
    """Of one row, per coordinate."""
    rows: Error | None = None
    run: Error | None = None
    energy: Tensor | None = None
    """Mean squared distance from the mean within every block [j]."""
    projection: Sums | None = None
    """Of the rows' projections on the gradient, one statistic."""
    descents: Tensor | None = None
    """Rows with <row, aim> > 0, for every aim [h]."""
    directions: dict[int, Directions] = field(default_factory=dict)
    shown: bool = True
    """Whether so many rows show the events that the gradient is made of."""

    @property
    def errors(self) -> list[Error]:
        """Of the rows' mean, and of the run's."""
        return [error for error in (self.rows, self.run) if error is not None]

    @property
    def finite(self) -> bool:
        """Whether everything here is a number."""
        return all(bool(torch.isfinite(values).all()) for values in (self.exact, self.mean, self.variance))

    @property
    def spread(self) -> float:
        """tr Cov of one row."""
        return float(self.variance.sum())

    @property
    def length(self) -> float:
        """|g|, as it stands in `exact`."""
        return float(self.exact.norm())

    def square(self, mean: Float[Tensor, " k"], errors: Sequence[Error]) -> Square:
        """What is seen of |E mean|^2, where `errors` are those of the mean."""
        trace = sum((float(error.variance.sum()) for error in errors), 0.0)
        trace2 = sum((error.trace2() for error in errors), 0.0)
        if len(errors) == 2:
            trace2 += 2 * float((errors[0].factor @ errors[1].factor.T).square().sum())
        seen = float(mean.square().sum())
        along = sum(error.along(mean) for error in errors) / seen if seen > 0 else 0.0
        return Square(seen, trace, min(trace2, trace**2), along)


def tally(replicates: Sequence[Accuracy], group: str) -> Tally:
    """The group's record over these seeds, all of which have equally many rows."""
    truth = replicates[0].truth
    where, index = truth.groups[group], list(truth.groups).index(group)
    sums = sum((one.sums for one in replicates), Sums.none(replicates[0].sums.mean))
    own = sums.at(where)
    blocks = torch.cat([fewer(one.blocks.means, max(4, MOST // len(replicates))) for one in replicates])
    run = None
    if truth.run is not None:
        ran = truth.run.sums.at(where)
        run = Error(ran.n, ran.variance / ran.n, fewer(truth.run.blocks.means[:, where], MOST))
    none, directions = Sums.none(truth.exact[:1]), {}
    for draws in replicates[0].draws:
        parts = [one.cosines[draws] for one in replicates]
        directions[draws] = Directions(torch.stack([part.directions[group] for part in parts]).sum(0),
                                       sum((part.cosines[group] for part in parts), none))
    return Tally(truth.exact[where], own.n, own.mean, own.variance, Error(own.n, own.variance / own.n, blocks[:, where]), run,
                 blocks[:, len(truth.exact) + index] - 2 * blocks[:, where] @ own.mean + own.mean @ own.mean,
                 sums.at([len(truth.exact) + index]), torch.stack([one.descents[group] for one in replicates]).sum(0), directions,
                 truth.shown(where, own.n))


def exact_tally(truth: Truth, group: str, mean: Float[Tensor, " d"], variance: Float[Tensor, " d"]) -> Tally:
    """The group's record where mean and variance of a row are exact."""
    where = truth.groups[group]
    return Tally(truth.exact[where], np.inf, mean[where], variance[where])
