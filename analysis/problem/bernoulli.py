"""A small network whose weights are Bernoulli, on generated points: one vector of weights, and the data loss as its function."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from sklearn import datasets

from straightedge.analysis.problem.binary_weights import BinaryWeights
from straightedge.analysis.problem.choice import NoiseName
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.network.loss import LogisticLoss
from straightedge.estimators.network.noise import NOISES


@dataclass(frozen=True)
class BernoulliWeights(Problem):
    """Weights w in {-1, +1} with P(w = +1) = F(latent weight), tanh units, the logistic loss; theta is the latent weights."""

    told: ClassVar[tuple[str, ...]] = ("hidden", "scale")
    hidden: tuple[int, ...] = (2,)
    """Widths of the hidden layers; 3 h + h + 1 weights for one of width h."""
    points: int = 40
    """Data points."""
    scale: float = 1.0
    """Standard deviation of the latent weights."""
    noise: NoiseName = "logistic2"
    seed: int = 0
    """Of data and latent weights; the latent weights of two scales are proportional."""

    def network(self):
        x, y = datasets.make_moons(self.points, noise=0.2, random_state=self.seed)
        x = torch.as_tensor((x - x.mean(0)) / x.std(0))
        weights = BinaryWeights(x, torch.as_tensor(2 * y - 1).unsqueeze(1), LogisticLoss(), self.hidden, 1)
        rng = torch.Generator().manual_seed(self.seed)
        latent = self.scale * torch.randn(weights.count, generator=rng, dtype=torch.float64)
        return weights.network(latent, NOISES[self.noise])

    @property
    def title(self):
        return f"Bernoulli weights 2-{'-'.join(map(str, self.hidden))}-1, scale {self.scale:g}"
