"""What known rule a binary activation's derivatives follow.

Shapes: p pre-activations; the last axis of two is (lower state, upper state).
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.check.match import CLOSE, SCORE, Match, fitted
from straightedge.analysis.check.response import Response
from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.catalogue.spelling import label_of
from straightedge.estimators.network.noise import NOISES, Noise
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.surrogate_gradient import Name, SurrogateGradient

UNIFORMS = 64
"""Midpoints that a rule's derivative is averaged over, given the state."""


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
    return scaled or adjusted(seen, half, noises[0], known, slack)


def adjusted(seen: Response, half: float, noise: tuple[str, float], known: Tensor, slack: Tensor) -> Match | None:
    """The first rule of one free number that fits: straight-through Gumbel-softmax at some temperature, a surrogate of some sharpness."""
    def own(rule: Rule) -> tuple[Tensor, float]:
        name, scale = noise if depends(rule) else ("logistic", 1.0)
        found = (half * scale * factors(rule, NOISES[name], scale * seen.a))[known]
        return found, 1.0 if isinstance(rule, StGumbel) else float(found @ mine) / max(float(found @ found), 1e-300)

    def off(rule: Rule) -> Tensor:
        found, factor = own(rule)
        return mine - factor * found

    def misfit(make: Callable[[float], Rule], value: float) -> float:
        return float(off(make(value)).square().mean())

    mine = seen.slopes[known]
    made: dict[str, Callable[[float], Rule]] = {"st_gumbel (tau={:g})": StGumbel} if seen.random else {}
    made |= {f"surrogate_gradient ({name}, sharpness={{:g}})": partial(SurrogateGradient, name) for name in get_args(Name)}
    for words, make in made.items():
        best = fitted(partial(misfit, make), 0.05, 200.0)
        for value in (round(best, 0), round(best, 2)):
            if value > 0 and bool((off(make(value)).abs() <= CLOSE * float(mine.abs().max()) + slack).all()):
                return Match(words.format(value), factor=own(make(value))[1])
    return None


def words(rule: Rule) -> str:
    """The rule's label; of a surrogate always with its name."""
    return f"surrogate_gradient ({rule.name})" if isinstance(rule, SurrogateGradient) else label_of(rule)


def depends(rule: Rule) -> bool:
    """Whether the rule's derivatives depend on the noise."""
    a = torch.linspace(-0.9, 0.9, 7, dtype=torch.float64)
    first, *others = (factors(rule, one, a) for one in NOISES.values())
    return any(not torch.allclose(first, other, rtol=1e-9) for other in others)
