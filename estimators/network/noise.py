"""Noises of a Bernoulli unit: x = hi where Z < a, that is with probability F(a), F the distribution function of Z.

Every noise here is symmetric, so P(x = lo) = 1 - F(a) = F(-a), which keeps its relative precision where F(a) is near 1.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Noise(ABC):
    """A symmetric distribution of Z; a and z share one unit, u is a probability."""

    @abstractmethod
    def cdf(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """F(a) = P(Z < a), the probability of the upper state."""

    @abstractmethod
    def density(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """rho(a) = F'(a)."""

    @abstractmethod
    def quantile(self, u: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """z with F(z) = u, for u in (0, 1): u < F(a) exactly where z < a."""

    def score(self, a: Float[Tensor, "..."], upper: Tensor) -> Float[Tensor, "..."]:
        """d log P(x | a) / da; `upper` is true where x = hi.  Zero where that x has probability zero."""
        sign = 2 * upper.to(a) - 1
        probability = self.cdf(a * sign)
        return torch.where(probability > 0, sign * self.density(a) / probability.clamp_min(1e-300), 0.0)

    def logit(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """log F(a) / (1 - F(a)).  Infinite where the unit is certain."""
        return torch.log(self.cdf(a)) - torch.log(self.cdf(-a))

    def logit_slope(self, a: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """d logit F(a) / da = rho / (F (1 - F)).  Zero where the unit is certain."""
        spread = self.cdf(a) * self.cdf(-a)
        return torch.where(spread > 0, self.density(a) / spread.clamp_min(1e-300), 0.0)


@dataclass(frozen=True)
class Logistic(Noise):
    """F(a) = 1 / (1 + exp(-slope a)).  Slope 1 is the sigmoid unit; slope 2 has mean tanh(a) in {-1, +1}."""

    slope: float = 1.0

    def cdf(self, a):
        return torch.sigmoid(self.slope * a)

    def density(self, a):
        return self.slope * torch.sigmoid(self.slope * a) * torch.sigmoid(-self.slope * a)

    def quantile(self, u):
        return (torch.log(u) - torch.log1p(-u)) / self.slope

    def score(self, a, upper):
        return self.slope * (upper.to(a) - torch.sigmoid(self.slope * a))

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
        return torch.special.ndtr(a)

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
