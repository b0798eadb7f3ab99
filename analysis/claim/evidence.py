"""What claims rest on: exact moments held against rows that were drawn, and rows alone.

A broken estimator must not hide behind exact moments that never run it, nor broken moments behind rows.

Shapes: n rows, d parameters.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.claim.ledger import ROUNDING
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_gradient

LIMIT = 6.0
"""|z| beyond which rows contradict their moments, or the gradient."""
SIGHT = 0.045
"""Relative standard error of the mean's length at which 0.7 of it is seen beyond the limit."""
FEWEST, MOST = 256, 1 << 16
REFUSALS = 3
"""Times in a row that four times as many rows must contradict: rare rows that were not seen yet look like a contradiction."""


class Contradiction(AssertionError):
    """An estimator's rows are not those of its moments."""


def rows(estimator: Estimator, network: Network, n: int = FEWEST, seed: int = 0) -> Float[Tensor, "n d"]:
    """Estimates from a seed of their own: equal seeds share their uniforms."""
    return estimator(network, n, torch.Generator().manual_seed(seed))


def scores(drawn: Float[Tensor, "n d"], mean: Float[Tensor, " d"]) -> tuple[float, float]:
    """(largest |z| of the mean row against `mean`, over coordinates and along `mean`; standard error along it, relative to it)."""
    gap, length = drawn - mean, mean.norm()
    gap = torch.cat((gap, (gap @ mean / length.clamp_min(1e-300)).unsqueeze(1)), 1)
    floor = ROUNDING * torch.maximum(length, drawn.square().sum(1).mean().sqrt()).clamp_min(1e-300)
    error = (gap.var(0) / len(gap) + floor.square()).sqrt()
    return float((gap.mean(0) / error).abs().max()), float(error[-1] / length.clamp_min(1e-300))


def spread_scores(drawn: Float[Tensor, "n d"], found: Moments) -> tuple[float, float]:
    """(|z| of the rows' mean square distance from the mean, against the trace of the variance; its relative standard error)."""
    square, trace = (drawn - found.mean).square().sum(1), found.variance.sum()
    error = square.std() / len(square) ** 0.5 + ROUNDING * (trace + found.mean.square().sum()).clamp_min(1e-300)
    return float((square.mean() - trace).abs() / error), float(error / trace.clamp_min(1e-300))


def moments_of(estimator: Estimator, network: Network) -> Moments:
    """The exact moments of a row, held against as many rows as it takes to see 0.7 times either.

    Raises Contradiction where they do not agree, and where no affordable number of rows tells."""
    found, n, refused = exact_moments(estimator, network), FEWEST, 0
    while n <= MOST:
        drawn = rows(estimator, network, n, seed=1)
        (z, sight), (spread, spread_sight) = scores(drawn, found.mean), spread_scores(drawn, found)
        refused = 0 if max(z, spread) < LIMIT else refused + 1
        if not refused and (min(sight, spread_sight / 1.6) < SIGHT or not estimator.random):
            return found
        if refused == REFUSALS:
            break
        n *= 4
    raise Contradiction(f"{estimator}: z = {z:.3g} of the mean and {spread:.3g} of the variance of {len(drawn)} rows, whose relative "
                        f"errors are {sight:.2g} and {spread_sight:.2g}")


def held(estimator: Estimator, network: Network, n: int, mean: Float[Tensor, " k"]) -> None:
    """Holds n rows against a mean found otherwise, of the first parameters; raises Contradiction where they differ or do not tell."""
    z, sight = scores(rows(estimator, network, n)[:, : len(mean)], mean)
    if not (z < LIMIT and sight < SIGHT):
        raise Contradiction(f"{estimator}: z = {z:.3g} of the mean of {n} rows, whose relative error is {sight:.2g}")


def relative_bias(estimator: Estimator, network: Network, where: slice = slice(None)) -> float:
    """|E row - g| / |g|, exact; |E row| where g is zero."""
    return relative(moments_of(estimator, network).mean[where], exact_gradient(network)[where])


def relative(mean: Tensor, truth: Tensor) -> float:
    """|mean - truth| / |truth|; |mean| where the truth is zero."""
    gap = (mean - truth).norm()
    return float(gap / truth.norm() if truth.norm() > 1e-12 else gap)


def apart(first: Tensor, second: Tensor) -> float:
    """Largest difference, relative to the largest entry of the second."""
    return float((first - second).abs().max() / second.abs().max())


def unbiased(drawn: Float[Tensor, "n d"], network: Network) -> bool:
    """Whether the mean of these rows agrees with the exact gradient, in enough rows to tell it from 0.7 of it."""
    z, sight = scores(drawn, exact_gradient(network))
    return z < LIMIT and sight < SIGHT


def ratio(first: Float[Tensor, "n d"], second: Float[Tensor, "n d"], mean: Float[Tensor, " d"], where: slice) -> tuple[float, float]:
    """(variance of the first over that of the second in these parameters, its standard error); rows of one seed are paired."""
    above, below = ((drawn - mean)[:, where].square().sum(1) for drawn in (first, second))
    value = above.mean() / below.mean()
    return float(value), float((above - value * below).std() / len(above) ** 0.5 / below.mean())


def share(first: Moments, second: Moments, where: slice) -> float:
    """The variance of the first over that of the second in these parameters; infinite where the second has none."""
    return first.trace(where) / second.trace(where) if second.trace(where) > 0 else float("inf")


def hidden(network: Network) -> list[slice]:
    """The parameters of every Bernoulli layer, the output layer left out: there all estimators are alike."""
    return list(network.groups.values())[: network.depth]


def worst(estimator: Estimator, problems: tuple[Problem, ...]) -> float:
    """The largest relative bias over these problems."""
    return max(relative_bias(estimator, problem.build()) for problem in problems)
