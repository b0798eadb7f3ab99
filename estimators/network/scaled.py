"""A noise in another unit: the scale of latent weights and of pre-activations."""

from dataclasses import dataclass

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import LOGISTIC, Noise


@dataclass(frozen=True)
class Scaled(Noise):
    """The noise `scale` Z: F(a / scale)."""

    noise: Noise = LOGISTIC
    scale: float = 1.0

    def __post_init__(self):
        if not self.scale > 0:
            raise InputError(f"noise: scale {self.scale:g}; expected a positive number")

    def cdf(self, a):
        return self.noise.cdf(a / self.scale)

    def density(self, a):
        return self.noise.density(a / self.scale) / self.scale

    def quantile(self, u):
        return self.noise.quantile(u) * self.scale

    def score(self, a, upper):
        return self.noise.score(a / self.scale, upper) / self.scale
