"""What a binary activation written by anybody does, point by point: its states, their probabilities, its derivatives.

Shapes: p pre-activations, n draws of each; the last axis of two is (lower state, upper state).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.analysis.store.display import sentence
from straightedge.estimators.network.error import InputError

Activation = Callable[[Tensor], Tensor]
POINTS = torch.arange(-5.95, 6, 0.1)
"""Where it is looked at: not at round numbers, where published derivatives have their kinks."""
DRAWS, SEEN = 8192, 32
"""Of every point; a state is judged where it is drawn so often."""
RESOLUTION = 1e-4
"""By which states differ at least."""
TIMED, REPEATS = 1 << 20, 5
"""Units of a timed call, and calls of which the median counts."""


@dataclass(frozen=True, eq=False)
class Response:
    """What was seen."""

    a: Float[Tensor, " p"]
    states: tuple[float, float]
    random: bool
    """Whether equal pre-activations gave different states."""
    upper: Float[Tensor, " p"]
    """How often the upper state was seen."""
    slopes: Float[Tensor, "p 2"]
    """The mean derivative where each state was drawn; NaN where it was drawn too seldom."""
    errors: Float[Tensor, "p 2"]
    """Standard errors of these."""
    elementwise: bool
    """Whether a unit's state and derivative depend on its own pre-activation alone."""


def called(function: Activation, a: Float[Tensor, "n p"], seed: int) -> tuple[Float[Tensor, "n p"], Float[Tensor, "n p"]]:
    """(states, derivatives) from torch's generator at this seed, which is left as it was.  Raises InputError where there are none."""
    a = a.clone().requires_grad_()
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        try:
            x = function(a)
        except Exception as error:  # anybody's code
            raise InputError(f"check_rule: the function fails on a tensor of shape {list(a.shape)}: "
                             f"{sentence(str(error), 120) or type(error).__name__}") from None
        if not isinstance(x, Tensor) or x.shape != a.shape:
            what = f"shape {list(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise InputError(f"check_rule: the function gives {what} for a tensor of shape {list(a.shape)}; expected a state for each unit")
        if not x.requires_grad:
            raise InputError("check_rule: the function's states have no gradient; expected a torch.autograd.Function or an expression "
                             "that autograd differentiates")
        slope, = torch.autograd.grad(x.sum(), a, allow_unused=True)
    if slope is None:
        raise InputError("check_rule: the states do not depend on the pre-activations; expected a derivative by them")
    wrong = ~(x.isfinite() & slope.isfinite())
    if bool(wrong.any()):
        where = float(a.detach()[wrong][0])
        raise InputError(f"check_rule: a state or its derivative is NaN or infinite at a = {where:g} in {str(a.dtype)[6:]}; "
                         "expected finite numbers")
    return x.detach(), slope


def respond(function: Activation) -> Response:
    """What this function does.  Raises InputError where it is no binary activation."""
    a = POINTS.expand(DRAWS, -1)
    x, slope = called(function, a, 0)
    values = x.mul(1 / RESOLUTION).round().unique() * RESOLUTION  # x + p - p leaves rounding
    if len(values) != 2:
        raise InputError(f"check_rule: the function gives {len(values)} different values between {values[0]:g} and {values[-1]:g}; "
                         "expected two, the states of a binary unit (a relaxed state is no state: give its hard form)")
    moved = a.clone()
    moved[:, 0] *= -1
    again, other_slope = called(function, moved, 0)
    high, slope = (x > values.mean()).double(), slope.double()
    mean, error = [], []
    for chosen in (1 - high, high):
        count = chosen.sum(0)
        first = (slope * chosen).sum(0) / count
        spread = ((slope - first).square() * chosen).sum(0) / count.sub(1).clamp_min(1)
        enough = count >= SEEN
        mean.append(torch.where(enough, first, torch.nan))
        error.append(torch.where(enough, (spread / count).sqrt(), torch.nan))
    alone = torch.equal(x[:, 1:], again[:, 1:]) and torch.equal(slope[:, 1:], other_slope.double()[:, 1:])
    return Response(POINTS.double(), (float(values[0]), float(values[1])), bool((high != high[:1]).any()), high.mean(0),
                    torch.stack(mean, 1), torch.stack(error, 1), alone)


def seconds(function: Activation) -> float:
    """Of one call and its backward pass on TIMED units: the median of a few."""
    a, found = torch.linspace(-3, 3, TIMED)[None], []
    for _ in range(REPEATS):
        began = time.perf_counter()
        called(function, a, 0)
        found.append(time.perf_counter() - began)
    return sorted(found)[REPEATS // 2]
