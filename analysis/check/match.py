"""What known noise, and what known rule, a binary activation's frequencies and derivatives follow.

Shapes: p pre-activations; the last axis of two is (lower state, upper state).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import get_args

import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from torch import Tensor

from straightedge.analysis.check.response import DRAWS, Response
from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.catalogue.spelling import label_of
from straightedge.estimators.network.noise import NOISES, Noise
from straightedge.estimators.surrogate_gradient import Name, SurrogateGradient

UNIFORMS = 64
"""Midpoints that a rule's derivative is averaged over, given the state."""
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
        return whole and float(difference(noise, scale)[0].abs().max()) < CLOSE + slack

    slack = SCORE * float(seen.errors.nan_to_num().amax() / mean.abs().max().clamp_min(1e-300))
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
    weights = torch.stack((1 - seen.upper, seen.upper), 1)
    chance = SCORE * ((seen.errors.nan_to_num() * weights).square().sum(1)
                      + (seen.slopes.nan_to_num().diff(dim=1)[:, 0] ** 2) * seen.upper * (1 - seen.upper) / DRAWS).sqrt()
    return float(((mean_slopes(seen) - truth).abs() - chance).clamp_min(0).max() / truth.max())


def candidates() -> Iterator[Rule]:
    """Every rule of two states with its published hyper-parameters, the simplest first."""
    first = ("straight_through", "zgr", "darn", "identity", "clipped_identity", "approx_sign", "tanh_proxy", "st_gumbel")
    kinds = registry()
    for name in (*first, *(name for name in kinds if name not in first)):
        if issubclass(kinds[name], Rule) and kinds[name] is not SurrogateGradient:
            rule = kinds[name]()
            if isinstance(rule, Rule) and not rule.further and hard(rule):
                yield rule
    for name in get_args(Name):
        yield SurrogateGradient(name)


def hard(rule: Rule) -> bool:
    """Whether the states are -1 and +1, and not between."""
    a = torch.linspace(-2, 2, 5, dtype=torch.float64)
    return bool((rule.unit(a, torch.full_like(a, 0.3), NOISES["logistic"]).abs() == 1).all())


def factors(rule: Rule, noise: Noise, a: Float[Tensor, " p"]) -> Float[Tensor, "p 2"]:
    """The rule's mean derivative given each state, for states -1 and +1."""
    middle = (torch.arange(UNIFORMS, dtype=a.dtype) + 0.5) / UNIFORMS
    p = noise.cdf(a)[:, None]
    columns = []
    for u in (p + (1 - p) * middle, p * middle):
        spread = a[:, None].expand_as(u).clone().requires_grad_()
        with torch.enable_grad():
            x = rule.unit(spread, u, noise)
            slope = torch.autograd.grad(x.sum(), spread)[0] if x.requires_grad else torch.zeros_like(spread)
        columns.append(slope.mean(1))
    return torch.stack(columns, 1)


def same_rule(seen: Response, noise: Match | None) -> Match | None:
    """The first rule whose derivatives are these, up to a factor where none fits without one."""
    known, half = ~seen.slopes.isnan(), (seen.states[1] - seen.states[0]) / 2
    noises = [(noise.name, noise.scale)] if noise else [(name, 1.0) for name in NOISES]
    mine, slack = seen.slopes[known], SCORE * seen.errors[known]
    largest = float(mine.abs().max())
    scaled: Match | None = None
    for rule in sorted(candidates(), key=lambda one: seen.random < depends(one)):
        for name, scale in noises if depends(rule) else noises[:1]:
            own = (half * scale * factors(rule, NOISES[name], scale * seen.a))[known]
            factor = float(own @ mine) / max(float(own @ own), 1e-300)
            for times in (1.0, factor):
                if largest > 0 and bool(((mine - times * own).abs() <= CLOSE * largest + slack).all()):
                    found = Match(words(rule) + (f" under {Match(name, scale)} noise" if depends(rule) else ""), factor=times)
                    if times == 1.0:
                        return found
                    scaled = scaled or found
    return scaled or sharpened(mine, half, seen.a, known, slack)


def sharpened(mine: Tensor, half: float, a: Tensor, known: Tensor, slack: Tensor) -> Match | None:
    """The first published surrogate that fits with a sharpness of its own."""
    def own(name: Name, sharpness: float) -> tuple[Tensor, float]:
        found = (half * factors(SurrogateGradient(name, sharpness), NOISES["logistic"], a))[known]
        return found, float(found @ mine) / max(float(found @ found), 1e-300)

    def off(name: Name, sharpness: float) -> Tensor:
        found, factor = own(name, sharpness)
        return mine - factor * found

    def misfit(name: Name, sharpness: float) -> float:
        return float(off(name, sharpness).square().mean())

    for name in get_args(Name):
        best = fitted(partial(misfit, name), 0.05, 200.0)
        for sharpness in (round(best, 0), round(best, 2)):
            if sharpness > 0 and bool((off(name, sharpness).abs() <= CLOSE * float(mine.abs().max()) + slack).all()):
                return Match(f"surrogate_gradient ({name}, sharpness={sharpness:g})", factor=own(name, sharpness)[1])
    return None


def words(rule: Rule) -> str:
    """The rule's label; of a surrogate always with its name."""
    return f"surrogate_gradient ({rule.name})" if isinstance(rule, SurrogateGradient) else label_of(rule)


def depends(rule: Rule) -> bool:
    """Whether the rule's derivatives depend on the noise."""
    a = torch.linspace(-0.9, 0.9, 7, dtype=torch.float64)
    first, *others = (factors(rule, one, a) for one in NOISES.values())
    return any(not torch.allclose(first, other, rtol=1e-9) for other in others)
