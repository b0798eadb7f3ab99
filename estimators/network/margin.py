"""How likely a unit is to be in its state, and tables that are read off by it."""

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.noise import Noise

MARGINS = (-9.0, -6.0, -4.0, -2.5, -1.5, -0.75, 0.0, 0.75, 1.5, 2.5, 4.0, 6.0, 9.0)
"""Log-odds at which a free form has values."""
TINY = 1e-300


def margin(a: Float[Tensor, "*s"], noise: Noise) -> Float[Tensor, "*s"]:
    """The log-odds of the upper state: how many nats it is more likely than the lower one."""
    return noise.cdf(a).clamp_min(TINY).log() - noise.cdf(-a).clamp_min(TINY).log()


def interpolated(t: Float[Tensor, "*s"], margins: Float[Tensor, " k"], values: Float[Tensor, " k"]) -> Float[Tensor, "*s"]:
    """Linear between the margins, constant beyond them."""
    t = t.clamp(float(margins[0]), float(margins[-1]))
    above = torch.searchsorted(margins, t.contiguous()).clamp(1, len(margins) - 1)
    low, high = margins[above - 1], margins[above]
    share = (t - low) / (high - low)
    return values[above - 1] * (1 - share) + values[above] * share
