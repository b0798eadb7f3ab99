"""Noises of a Bernoulli unit: x = hi where Z < a, that is with probability F(a), F the distribution function of Z.

Every noise here is symmetric, so P(x = lo) = 1 - F(a) = F(-a), which keeps its relative precision where F(a) is near 1.

Autograd differentiates `cdf`, `quantile` and `logit` by what the noise itself says: the density, 1 / density and `logit_slope`.
The density is the limit from the middle, but for uniform noise at |a| = 1, where it is 0: triangular 1/2 at 0, 0 at |a| = 2.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.derivative import Slope, sloped

SLOPES: dict[str, Slope] = {
    "cdf": lambda noise, a, p: noise.density(a),
    "quantile": lambda noise, u, z: 1 / noise.density(z),
    "logit": lambda noise, a, logit: noise.logit_slope(a),
}


@dataclass(frozen=True)
class Noise(ABC):
    """A symmetric distribution of Z; a and z share one unit, u is a probability."""

    def __init_subclass__(cls, **kwargs):
        """Every noise's functions have the derivative that it states."""
        super().__init_subclass__(**kwargs)
        for name, slope in SLOPES.items():
            if name in cls.__dict__:
                setattr(cls, name, sloped(cls.__dict__[name], slope))

    @abstractmethod
    def cdf(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """F(a) = P(Z < a), the probability of the upper state; autograd differentiates it by `density`, whatever its formula."""

    @abstractmethod
    def density(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """rho(a) = F'(a)."""

    @abstractmethod
    def quantile(self, u: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """z with F(z) = u, for u in (0, 1): u < F(a) exactly where z < a."""

    def difference(self, high: Float[Tensor, "..."], low: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """F(high) - F(low) in either order, from the smaller tails, where both are near 1."""
        side = 1 - 2 * (torch.minimum(high, low) > 0).to(high)
        return side * (self.cdf(side * high) - self.cdf(side * low))

    def score(self, a: Float[Tensor, "..."], upper: Tensor) -> Float[Tensor, "..."]:
        """d log P(x | a) / da; `upper` is true where x = hi.  Zero where that x has probability zero."""
        sign = 2 * upper.to(a) - 1
        probability = self.cdf(a * sign)
        possible = probability > 0
        return torch.where(possible, sign * self.density(a) / torch.where(possible, probability, 1.0), 0.0)

    def rates(self, a: Float[Tensor, "m *s"], pairs: Float[Tensor, "m 2 *s"]) -> Float[Tensor, "m 2 *s"]:
        """F'(a) / F(a) and F'(a) / F(-a), from `pairs`, which are F(-a) and F(a); finite where one of them is zero."""
        least = torch.finfo(a.dtype).smallest_normal * torch.finfo(a.dtype).eps
        return self.density(a).unsqueeze(1) / pairs.clamp_min(least).flip(1)

    @partial(sloped, slope=SLOPES["logit"])
    def logit(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """log F(a) / (1 - F(a)).  Infinite where the unit is certain."""
        return torch.log(self.cdf(a)) - torch.log(self.cdf(-a))

    def logit_slope(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """d logit F(a) / da = rho / (F (1 - F)) = rho / F + rho / (1 - F).  Zero where the unit is certain."""
        upper = torch.ones_like(a, dtype=torch.bool)
        return self.score(a, upper) - self.score(a, ~upper)


@dataclass(frozen=True)
class Logistic(Noise):
    """F(a) = 1 / (1 + exp(-slope a)).  Slope 1 is the sigmoid unit; slope 2 has mean tanh(a) in {-1, +1}."""

    slope: float = 1.0

    def cdf(self, a):
        return torch.sigmoid(a if self.slope == 1 else self.slope * a)

    def density(self, a):
        return self.slope * torch.sigmoid(self.slope * a) * torch.sigmoid(-self.slope * a)

    def quantile(self, u):
        return (torch.log(u) - torch.log1p(-u)) / self.slope

    def score(self, a, upper):
        sign = 2 * upper.to(a) - 1  # the probability of the other state, by its own tail
        return self.slope * sign * torch.sigmoid(-self.slope * sign * a)

    def rates(self, a, pairs):
        return pairs if self.slope == 1 else self.slope * pairs

    def logit(self, a):
        return self.slope * a

    def logit_slope(self, a):
        return torch.full_like(a, self.slope)


@dataclass(frozen=True)
class Uniform(Noise):
    """Z uniform on [-1, 1]: the mean of a {-1, +1} unit is hardtanh(a)."""

    def cdf(self, a):
        return ((a + 1) / 2).clamp(0, 1)

    def density(self, a):
        return 0.5 * (a.abs() < 1).to(a.dtype)

    def quantile(self, u):
        return 2 * u - 1


@dataclass(frozen=True)
class Triangular(Noise):
    """Z triangular on [-2, 2]: the density is ApproxSign's tent, max(0, 1 - |a| / 2) / 2."""

    def cdf(self, a):
        tail = (2 - a.abs()).clamp_min(0).square() / 8
        return torch.where(a < 0, tail, 1 - tail)

    def density(self, a):
        return (2 - a.abs()).clamp_min(0) / 4

    def quantile(self, u):
        tail = 2 - torch.sqrt(8 * torch.minimum(u, 1 - u))
        return torch.where(u < 0.5, -tail, tail)


@dataclass(frozen=True)
class Normal(Noise):
    """Z standard normal: a probit unit."""

    def cdf(self, a):
        return torch.special.erfc(a * -(0.5**0.5)) / 2  # torch's ndtr loses the lower tail: 1e-10 at -6, all at -9

    def density(self, a):
        return torch.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)

    def quantile(self, u):
        return torch.special.ndtri(u)

    def logit(self, a):
        return torch.special.log_ndtr(a) - torch.special.log_ndtr(-a)

    def score(self, a, upper):
        sign = 2 * upper.to(a) - 1  # rho / F by the scaled erfc, finite in both tails
        return sign * math.sqrt(2 / math.pi) / torch.special.erfcx(-a * sign / math.sqrt(2))


LOGISTIC = Logistic()
NOISES: dict[str, Noise] = {
    "logistic": LOGISTIC,
    "logistic2": Logistic(2.0),
    "uniform": Uniform(),
    "triangular": Triangular(),
    "normal": Normal(),
}
