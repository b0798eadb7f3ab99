"""Whether a rule is what exact moments take it for: a function of one unit's pre-activation and uniform, with nothing hidden in u.

No finite number of looks proves either.  What is looked at, with fixed seeds:

    element by element    whole layers against single units, so that width, neighbours, data points and rows are all others
    in u                  SIGHTS jittered places in the regions of many pre-activations, dense towards the ends of (0, 1), and as many
                          that are evenly spread

A spike inside a region is seen where it is wider than about 1e-5; what is narrower, `measure` finds from rows or nobody does.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Unit, local
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.quadrature import RANGE

SIGHTS = 1 << 18
"""Places in u looked at in all, half of them in each region."""
LEAST = 256
"""Places in one region."""
SINGLES = 12
CLOSE = 1e-9


def elementwise(unit: Unit, network: Network, a: Float[Tensor, "s n"]) -> str:
    """What the state or derivative of a unit depends on beside its own a and u; nothing if nothing was found."""
    rng = torch.Generator(a.device).manual_seed(0)
    a = a[torch.linspace(0, len(a) - 1, min(len(a), 5), device=a.device).long()]
    a = torch.stack((a, a.flip(0)))
    u = torch.rand(a.shape, generator=rng, dtype=a.dtype, device=a.device)
    whole = local(unit, a, u, network)
    if any(found.shape != a.shape for found in whole):
        return "its values are not of the shape of a"
    picked = torch.randperm(a.numel(), generator=rng, device=a.device)[:SINGLES]
    single = [local(unit, part.view(1, 1, 1), v.view(1, 1, 1), network)
              for part, v in zip(a.flatten()[picked], u.flatten()[picked], strict=True)]
    column = local(unit, a.reshape(-1, 1), u.reshape(-1, 1), network)
    for which, name in enumerate(("state", "derivative")):
        other = torch.cat([found[which].flatten() for found in single])
        if differ(whole[which].flatten()[picked], other) or differ(whole[which].flatten(), column[which].flatten()):
            return f"the {name} of a unit depends on its layer's width or on other units"
    return ""


def differ(first: Tensor, second: Tensor) -> bool:
    """Whether these numbers differ beyond rounding."""
    return not torch.allclose(first, second, rtol=CLOSE, atol=CLOSE * float(first.abs().nan_to_num().max()), equal_nan=True)


def sights(count: int, regions: int, like: Tensor) -> tuple[Float[Tensor, "m r"], Float[Tensor, "m r"]]:
    """(logits of shares of a region, their weights in the mean over it): one jittered place in each of `count` equal steps of the
    double-exponential variable, other ones for every region."""
    rng = torch.Generator(like.device).manual_seed(1)
    jitter = torch.rand(count, regions, generator=rng, dtype=like.dtype, device=like.device)
    step = 2 * RANGE / count
    t = -RANGE + step * (torch.arange(count, device=like.device).unsqueeze(1) + jitter)
    logit = math.pi * torch.sinh(t)
    return logit, step * math.pi * torch.cosh(t) * torch.sigmoid(logit) * torch.sigmoid(-logit)


def even(count: int, regions: int, like: Tensor) -> Float[Tensor, "m r"]:
    """Logits of evenly spread shares, jittered, other ones in every region."""
    rng = torch.Generator(like.device).manual_seed(2)
    jitter = torch.rand(count * regions, generator=rng, dtype=like.dtype, device=like.device)
    share = ((torch.arange(count * regions, device=like.device) + jitter) / (count * regions)).view(count, regions)
    return torch.log(share) - torch.log1p(-share)


def doubtful(integrand: Callable[[Tensor], Tensor], found: Float[Tensor, "2 r"], mass: Float[Tensor, " r"]) -> str:
    """Why these means of c and of c^2 over r regions cannot be trusted, by other places; nothing if they can."""
    logit, weight = sights(max(LEAST, SIGHTS // (2 * len(mass))), len(mass), mass)
    c = integrand(logit)
    for power, mean in ((1, found[0]), (2, found[1])):
        value = weight * c.abs().pow(power)
        signed = weight * c.pow(power)
        error = (signed[1::2] - signed[: len(signed) // 2 * 2: 2]).square().sum(0).sqrt() * mass  # neighbours that differ
        scale, gap = float((value.sum(0) * mass).sum()), float(((signed.sum(0) - mean).abs() * mass).sum())
        spread = float(error.square().sum().sqrt())
        if not spread <= 0.1 * scale + 1e-30:
            return "it has spikes that no quadrature can be trusted with"
        if not float(((signed.sum(0) - mean) * mass).sum().abs()) <= 8 * spread + 1e-4 * scale or not math.isfinite(gap):
            return "places between the nodes of the quadrature contradict it"
    return "it has spikes between those places" if spiked(integrand, c, mass) else ""


def spiked(integrand: Callable[[Tensor], Tensor], c: Float[Tensor, "m r"], mass: Float[Tensor, " r"]) -> bool:
    """Whether |c| is much larger somewhere between the sights than at those around."""
    logit = even(len(c), len(mass), mass)
    place = ((torch.asinh(logit / math.pi) + RANGE) * (len(c) / (2 * RANGE))).long().clamp(1, len(c) - 2)
    around = torch.stack([c.abs().gather(0, place + step) for step in (-1, 0, 1)]).amax(0)
    return bool(((integrand(logit).abs() > 4 * around + CLOSE * c.abs().amax()) & (mass > 0)).any())
