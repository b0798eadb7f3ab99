"""What rules are made of: a unit's hard state, its relaxed state, and a state with a derivative of one's own choice.

The relaxed state is x_tau = tanh(k (a - z) / (2 tau)), k = 4 F'(0).  Under logistic noise that is the binary concrete (or
Gumbel-softmax) state, tau the temperature of the logit; k carries the scale to other noises: at tau = 1 the step is as steep at 0
as their F.  The mean is that of a hard unit with noise Z + tau L / k, L standard logistic.
"""

import torch
from torch import Tensor

from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.noise import Noise


def hard(a: Tensor, u: Tensor, noise: Noise) -> Tensor:
    """x in {-1, +1}: +1 where u < F(a)."""
    return 2 * (u < noise.cdf(a)).to(a.dtype) - 1


def steepness(noise: Noise, like: Tensor) -> Tensor:
    """k = 4 F'(0): the slope of the logistic noise that is as dense at 0."""
    return 4 * noise.density(like.new_zeros(()))


def relaxed(a: Tensor, z: Tensor, noise: Noise, tau: float) -> Tensor:
    """x_tau in (-1, +1) for the threshold z, differentiable in a; it has the sign of a - z."""
    return torch.tanh((a - z) * (steepness(noise, a) / (2 * tau)))


def relaxed_slope(a: Tensor, z: Tensor, noise: Noise, tau: float) -> Tensor:
    """d x_tau / d a."""
    rate = steepness(noise, a) / tau
    step = (a - z) * rate
    return 2 * rate * torch.sigmoid(step) * torch.sigmoid(-step)


def threshold(a: Tensor, x: Tensor, v: Tensor, noise: Noise) -> Tensor:
    """The noise z given that it led to the state x in {-1, +1}, from v ~ U(0, 1); exact in both tails, by symmetry."""
    return x * noise.quantile(noise.cdf(x * a) * v)


def through(x: Tensor, proxy: Tensor) -> Tensor:
    """x, with the derivative of `proxy`."""
    return x.detach() + (proxy - proxy.detach())


def with_slope(x: Tensor, a: Tensor, slope: Tensor) -> Tensor:
    """x, with the derivative `slope` by a."""
    return x.detach() + (a - a.detach()) * slope.detach()


def require_positive(rule: str, **settings: float | int) -> None:
    """Raises InputError, naming the first setting that is not a positive number."""
    for name, value in settings.items():
        if not value > 0:
            raise InputError(f"{rule}: {name} = {value} must be positive")


def require_resolved(rule: str, tau: float, like: Tensor) -> None:
    """Raises Unsuitable where uniforms of this precision cannot see a relaxed step of temperature tau: its mean would be lost."""
    least = 1024 * torch.finfo(like.dtype).eps
    if tau < least:
        raise Unsuitable(f"{rule}: at tau = {tau:g} the relaxed state's step lies between two neighbouring numbers of {like.dtype}, and "
                         f"every row would be zero; expected tau of at least {least:.1g}, or zgr, the limit of its mean")
