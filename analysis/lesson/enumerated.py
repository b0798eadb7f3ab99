"""Up to twenty binary weights, whose every state is in a table: the expected loss along a course is exact, and the best network known."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch
from sklearn.datasets import make_moons
from torch import Tensor

from straightedge.analysis.lesson.lesson import Found, Task
from straightedge.analysis.lesson.method import require_way, way
from straightedge.analysis.problem.problem import ProblemError
from straightedge.estimators.base import Rule
from straightedge.estimators.module.unit import bernoulli
from straightedge.estimators.network.noise import Noise
from straightedge.estimators.optimizer.bop import Bop
from straightedge.estimators.optimizer.sign import Sign

INPUTS, GAIN, BATCH = 3, 1.5, 1 << 12
MOST = 20
"""Weights."""


def checkpoints(steps: int, count: int = 10) -> list[int]:
    """Steps at which a course is looked at: 0 and the last among them."""
    return sorted({round(steps * (place / count) ** 2) for place in range(count + 1)})


@dataclass(frozen=True)
class Enumerated(Task):
    """Three inputs (two coordinates and 1) -> tanh units -> logit, moons; weights in {-1, +1}, no biases.

    Every step sees all points."""

    told: ClassVar[tuple[str, ...]] = ("units", "way")
    units: int = 4
    """Hidden units: 4 weights each; 0 for two weights that are inputs'."""
    points: int = 40
    way: str = "mirror"
    rate: float = 1.0
    scale: float = 1.0
    spread: float = 1.0
    """Half the width of the uniform initial latent weights, in units of the scale."""
    decay: float = 0.0
    steps: int = 200
    start: tuple[float, ...] = ()
    """Means that all courses begin at, in the place of random ones."""
    exact: bool = False
    """Whether steps go along the exact gradient of the expected loss by the means, in the place of a sample's."""

    def __post_init__(self):
        require_way(self.way)
        if not 0 <= self.units <= MOST // (INPUTS + 1) or self.points < 2 or self.steps < 1:
            raise ProblemError(f"enumerated: {self.units} hidden units, {self.points} points, {self.steps} steps; expected at most "
                               f"{MOST // (INPUTS + 1)}, {MOST} weights, at least 2 points and a step")

    @property
    def title(self):
        return f"{self.units * (INPUTS + 1) or 2} weights {self.way}"

    def learn(self, rule, seeds, report):
        """`rule` is the weights'.  All seeds go side by side."""
        table = losses(self.units, self.points)
        plan, looks = way(self.way, self.rate, self.scale, self.decay, self.points, self.steps), checkpoints(self.steps)
        found: list[Found] = [{} for _ in range(seeds)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            uniform = 2 * torch.rand(seeds, table.dim(), dtype=torch.float64) - 1
            given = plan.noise.quantile((1 + torch.tensor(self.start, dtype=torch.float64)) / 2).expand(seeds, -1)
            latent = (given if self.start else self.scale * self.spread * uniform).clone().requires_grad_()
            optimizer, before = plan.optimizer([latent]), latent.detach() > 0
            for step in range(self.steps + 1):
                state, now = latent.detach(), latent.detach() > 0
                mean = 2.0 * now - 1 if isinstance(rule, Sign) else 2 * plan.noise.cdf(state) - 1
                if step in looks:
                    seen = look(mean, now, before, table)
                    if isinstance(optimizer, Bop) and step:
                        seen["apart"] = (now != (optimizer.state[latent]["average"] < 0)).double().mean(-1)
                    for place, one in enumerate(found):
                        group = f"step{step}" if step < self.steps else "all"
                        one[group] = {name: float(values[place]) for name, values in seen.items()}
                if step < self.steps:
                    before, latent.grad = now, self.slope(latent, mean, rule, plan.noise, table)
                    optimizer.step()
                    report(seeds)
        return found

    def slope(self, latent: Tensor, mean: Tensor, rule: Rule, noise: Noise, table: Tensor) -> Tensor:
        """What the latent weights [r, n] are given: the exact derivative of the expected loss by the means, or a sample's, by the rule."""
        if self.exact:
            mean = mean.clone().requires_grad_()
            return torch.autograd.grad(expected(mean, table).sum(), mean)[0]
        value = loss(bernoulli(latent, rule, noise), self.units, *data(self.points))
        return torch.autograd.grad(value.sum(), latent)[0]


def look(mean: Tensor, likeliest: Tensor, before: Tensor, table: Tensor) -> dict[str, Tensor]:
    """What is told of a moment, one number a replicate: the weights' means [r, n] and likeliest states are given.

    objective  E loss;  likeliest  the loss of the likeliest state;  excess  that beyond the best state's;  optimal  whether there is none
    entropy    bits a weight;  flips  share of likeliest states that the last step changed;  mean0, mean1  the first weights' means"""
    rounded, p = table[tuple(likeliest.long().unbind(-1))], (1 + mean) / 2
    excess = rounded - table.min()
    entropy = -(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p)) / math.log(2)
    return {"objective": expected(mean, table), "likeliest": rounded, "excess": excess, "optimal": (excess < 1e-12).double(),
            "entropy": entropy.mean(-1), "flips": (likeliest != before).double().mean(-1), "mean0": mean[:, 0], "mean1": mean[:, 1]}


@lru_cache(maxsize=4)
def data(points: int) -> tuple[Tensor, Tensor]:
    """Inputs [b, 3] and labels [b] in {-1, +1}."""
    x, y = make_moons(points, noise=0.2, random_state=0)
    x = torch.as_tensor((x - x.mean(0)) / x.std(0))
    return torch.cat((x, torch.ones(points, 1)), -1), torch.as_tensor(2.0 * y - 1)


def loss(weights: Tensor, units: int, x: Tensor, y: Tensor) -> Tensor:
    """The mean logistic loss [..] of weights [.., n]: first those of the units, [units, 3], then those of the output."""
    if not units:
        z = torch.einsum("bi,...i->...b", x[:, :2], weights)
    else:
        first = weights[..., : INPUTS * units].unflatten(-1, (units, INPUTS))
        hidden = torch.tanh(GAIN * torch.einsum("bi,...ui->...bu", x, first) / INPUTS**0.5)
        z = GAIN * torch.einsum("...bu,...u->...b", hidden, weights[..., INPUTS * units:])
    return torch.nn.functional.softplus(-y * z).mean(-1)


@lru_cache(maxsize=4)
def losses(units: int, points: int) -> Tensor:
    """The loss of every state, an axis of length 2 for each weight, -1 first."""
    size = units * (INPUTS + 1) or 2
    states = torch.cartesian_prod(*[torch.tensor((-1.0, 1.0), dtype=torch.float64)] * size)
    return torch.cat([loss(part, units, *data(points)) for part in states.split(BATCH)]).reshape((2,) * size)


def expected(mean: Tensor, table: Tensor) -> Tensor:
    """E loss [r] of independent weights with these means [r, n], differentiable in them."""
    p = (1 + mean) / 2
    value = table.reshape(1, -1)
    for place in range(mean.shape[-1]):  # the weight of the first axis is summed out
        value = value.reshape(len(value), 2, -1)
        value = value[:, 0] * (1 - p[:, place, None]) + value[:, 1] * p[:, place, None]
    return value[:, 0]
