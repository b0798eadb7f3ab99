"""Surrogate gradients by their published names: the derivatives that binary and spiking networks put in the place of the step's."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, require_positive, with_slope

Name = Literal["atan", "super_spike", "sigmoid", "triangular", "esser", "ede", "reste", "swish_sign"]


def reste(a: Tensor, o: float) -> Tensor:
    """The derivative of sign(a) |a|^(1/o), its chord within 0.1 of zero and nothing beyond 1.5, as its authors cut it."""
    size = a.abs()
    power = size.clamp_min(0.1).pow((1 - o) / o) / o
    return torch.where(size <= 0.1, 0.1 ** (1 / o - 1), power) * (size <= 1.5)


def swish_sign(a: Tensor, k: float) -> Tensor:
    """The derivative of 2 s(ka) (1 + ka s(-ka)) - 1; negative where k |a| is above 2.4."""
    b = (k * a).clamp(-500, 500)
    return k * (2 - b * torch.tanh(b / 2)) / (1 + torch.cosh(b))


class Published(NamedTuple):
    """One surrogate: its slope at (a, sharpness), the sharpness it was published with, the span of the states it was published for."""

    slope: Callable[[Tensor, float], Tensor]
    sharpness: float
    span: float


CATALOGUE: dict[str, Published] = {
    # Fang, Yu, Chen, Masquelier, Huang, Tian 2021, arXiv:2007.05785
    "atan": Published(lambda a, k: k / 2 / (1 + (math.pi * k * a / 2).square()), 2.0, 1),
    # Zenke, Ganguli 2018, arXiv:1705.11146
    "super_spike": Published(lambda a, k: (1 + k * a.abs()).pow(-2), 100.0, 1),
    # a logistic unit of slope k: matched to that noise
    "sigmoid": Published(lambda a, k: k * torch.sigmoid(k * a) * torch.sigmoid(-k * a), 4.0, 1),
    # Bellec, Salaj, Subramoney, Legenstein, Maass 2018, arXiv:1803.09574: damped
    "triangular": Published(lambda a, k: 0.3 * (1 - k * a.abs()).clamp_min(0), 1.0, 1),
    # Esser et al. 2016, arXiv:1603.08270
    "esser": Published(lambda a, k: (1 - k * a.abs()).clamp_min(0), 1.0, 1),
    # Qin et al. 2020, arXiv:1909.10788: k t (1 - tanh^2), t from 0.1 to 10 in the course of training, k = max(1/t, 1)
    "ede": Published(lambda a, t: max(1.0, t) * (1 - torch.tanh(t * a).square()), 1.0, 2),
    # Wu, Zheng, Liu, Zheng 2023, arXiv:2308.06689: o from 1 to 3 in the course of training
    "reste": Published(reste, 3.0, 2),
    # Darabi, Belbahri, Courbariaux, Partovi Nia 2018, arXiv:1812.11800
    "swish_sign": Published(swish_sign, 5.0, 2),
}


def surrogate_gradient(a, u, noise=LOGISTIC, name="atan", sharpness=None):
    """x in {-1, +1}; the derivative is the surrogate's of this name, whatever the noise."""
    found, a_fixed = CATALOGUE[name], a.detach()
    slope = found.slope(a_fixed, found.sharpness if sharpness is None else sharpness)
    return with_slope(hard(a_fixed, u, noise), a, slope * (2 / found.span))


@dataclass(frozen=True)
class SurrogateGradient(Rule):
    """Surrogate gradient by its published name: straight-through with the derivative that a paper on binary or spiking networks chose.

    By      d x / d a := span r(a); atan: k/2 / (1 + (pi k a / 2)^2), super_spike: 1 / (1 + k |a|)^2, sigmoid: k s(ka) s(-ka),
            triangular: 0.3 max(0, 1 - k |a|), esser: max(0, 1 - k |a|); half of ede: max(1, k) (1 - tanh(ka)^2), of
            reste: |a|^(1/k - 1) / k for 0.1 < |a| <= 1.5, of swish_sign: k (2 - ka tanh(ka/2)) / (1 + cosh ka)
    Needs   the loss differentiable in x
    Bias    yes; sigmoid is matched to logistic noise of slope k, ede with k >= 1 to that of slope 2 k, the others to none
    Cost    1 forward, 1 backward
    Paper   Fang 2021, arXiv:2007.05785; Zenke, Ganguli 2018, arXiv:1705.11146; Bellec 2018, arXiv:1803.09574; Esser 2016,
            arXiv:1603.08270; Qin 2020, arXiv:1909.10788; Wu 2023, arXiv:2308.06689; Darabi 2018, arXiv:1812.11800
    """

    marker: ClassVar[str] = "P"
    name: Name = "atan"
    """Which surrogate."""
    sharpness: float | None = None
    """Its k (or alpha, beta, t, o); None for the published value: 2, 100, 4, 1, 1, 1, 3, 5 in the order of the names above."""

    def __post_init__(self):
        if self.sharpness is not None:
            require_positive("surrogate_gradient", sharpness=self.sharpness)

    def unit(self, a, u, noise):
        return surrogate_gradient(a, u, noise, self.name, self.sharpness)
