"""What known noise a binary activation's frequencies and derivatives follow.

Shapes: p pre-activations; the last axis of two is (lower state, upper state).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from torch import Tensor

from straightedge.analysis.check.response import DRAWS, Response
from straightedge.estimators.network.noise import NOISES, Noise

CLOSE = 1e-3
"""Part of the largest derivative by which a rule may differ, beside sampling error."""
WHOLE = 0.97
"""Probability that a noise has below the largest pre-activation, so that its density is seen and not a part of it."""
SCORE = 5.0
"""Standard errors that count as a difference: less than one in 10 000 for all points together."""


@dataclass(frozen=True)
class Match:
    """Something known that fits: its name, the factor of the pre-activations, the factor of its values."""

    name: str
    scale: float = 1.0
    factor: float = 1.0

    def __str__(self) -> str:
        times = "" if abs(self.factor - 1) < CLOSE else f", times {self.factor:.3g}"
        return f"{self.name}{'' if abs(self.scale - 1) < CLOSE else f' (of {self.scale:.3g} a)'}{times}"


def fitted(error: Callable[[float], float], low: float = 0.05, high: float = 50.0) -> float:
    """The scale with the least error, sought from several starts on a logarithmic axis."""
    powers = [math.log2(low) + step * (math.log2(high) - math.log2(low)) / 8 for step in range(9)]
    found = [minimize_scalar(lambda power: error(2.0**power), bounds=pair, method="bounded", options={"xatol": 1e-7})
             for pair in zip(powers, powers[2:], strict=False)]
    return float(2.0 ** min(found, key=lambda one: one.fun).x)


def forward_noise(seen: Response) -> Match | None:
    """The noise that the upper state's frequencies follow."""
    def scores(noise: Noise, scale: float) -> Tensor:
        p = noise.cdf(scale * seen.a)
        return (seen.upper - p) / (p * (1 - p) / DRAWS).clamp_min(1 / DRAWS**2).sqrt()

    def misfit(noise: Noise, scale: float) -> float:
        return float(scores(noise, scale).square().mean())

    fits = {}
    for name, noise in NOISES.items():
        best = fitted(partial(misfit, noise))
        for scale in (round(best, 0), round(best, 1), best):
            found = scores(noise, scale)
            if scale > 0 and float(found.abs().max()) < SCORE and float(found.square().mean()) < 2:
                fits[name] = Match(name, scale), float(found.square().mean())
                break
    return min(fits.values(), key=lambda one: (one[0].scale != 1, one[1]))[0] if fits else None


def backward_noise(seen: Response) -> Match | None:
    """The noise whose density the mean derivatives follow."""
    mean, span = mean_slopes(seen), seen.states[1] - seen.states[0]

    def difference(noise: Noise, scale: float) -> tuple[Tensor, float]:
        density = span * scale * noise.density(scale * seen.a)
        factor = float(density @ mean) / max(float(density @ density), 1e-300)
        return (mean - factor * density) / mean.abs().max().clamp_min(1e-300), factor

    def misfit(noise: Noise, scale: float) -> float:
        return float(difference(noise, scale)[0].square().mean())

    def close(noise: Noise, scale: float) -> bool:
        whole = float(noise.cdf(scale * seen.a.max())) > WHOLE
        return whole and bool((difference(noise, scale)[0].abs() < CLOSE + slack).all())

    slack = chance(seen) / mean.abs().max().clamp_min(1e-300)
    for name, noise in NOISES.items():
        scale = fitted(partial(misfit, noise))
        scale = next((one for one in (round(scale, 0), round(scale, 2), scale) if one > 0 and close(noise, one)), scale)
        if close(noise, scale):
            return Match(name, scale, difference(noise, scale)[1])
    return None


def mean_slopes(seen: Response) -> Float[Tensor, " p"]:
    """The mean derivative over states; one never seen has no part in it."""
    weights = torch.stack((1 - seen.upper, seen.upper), 1)
    return (seen.slopes.nan_to_num() * weights).sum(1)


def mean_error(seen: Response, noise: Match | None) -> float | None:
    """The largest error of the mean derivative against span F'(a), in parts of the largest, beyond what sampling explains."""
    if noise is None:
        return None
    truth = (seen.states[1] - seen.states[0]) * noise.scale * NOISES[noise.name].density(noise.scale * seen.a)
    return float(((mean_slopes(seen) - truth).abs() - chance(seen)).clamp_min(0).max() / truth.max())


def chance(seen: Response) -> Float[Tensor, " p"]:
    """What the mean derivatives may differ by through sampling: of the derivatives given the state, and of the state."""
    weights = torch.stack((1 - seen.upper, seen.upper), 1)
    return SCORE * ((seen.errors.nan_to_num() * weights).square().sum(1)
                    + (seen.slopes.nan_to_num().diff(dim=1)[:, 0] ** 2) * seen.upper * (1 - seen.upper) / DRAWS).sqrt()
