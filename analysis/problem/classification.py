"""Networks on generated or shipped data with classes, at initialisation or after training."""

from abc import abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import torch
from sklearn import datasets
from torch import Tensor

from straightedge.analysis.problem.choice import LossName, NoiseName, States
from straightedge.analysis.problem.problem import Problem, ProblemError
from straightedge.analysis.problem.training import Optimizer, Training
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import BITS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.word import STATES


@dataclass(frozen=True)
class Classification(Problem):
    """A network on generated or shipped data, at initialisation or after `steps` steps of training."""

    widths: tuple[int, ...] = (5, 5, 5)
    """Units of each Bernoulli layer."""
    noise: NoiseName = "logistic"
    states: States = "+-1"
    loss: LossName = "cross_entropy"
    steps: int = 0
    """Steps of training; 0 is the network as initialised."""
    trainer: str = "exact"
    """The estimator that trains it: NAME or NAME:hyper=value."""
    rate: float = 0.02
    """Learning rate."""
    optimizer: Optimizer = "adam"
    """Adam, or gradient descent with momentum 0.9."""
    decay: bool = False
    """Whether the learning rate falls, along a line, to zero."""
    passes: int = 0
    """Passes of the network that a step may take: as many estimates are averaged as these pay for, one at least; 0 for one."""
    scale: float = 1.0
    """Standard deviation of the initial pre-activations, roughly."""
    seed: int = 0
    """Of data and initial weights."""

    @abstractmethod
    def data(self) -> tuple[np.ndarray, np.ndarray, int]:
        """(inputs [b, i], class numbers [b], number of classes)."""

    def network(self):
        x, y, classes = self.data()
        if classes > 2 and self.loss == "logistic":
            raise ProblemError(f"the logistic loss takes two classes, {self.name} has {classes}; use cross_entropy")
        outputs = 1 if self.loss == "logistic" else classes
        labels = torch.as_tensor(y)
        if self.loss == "logistic":
            labels = 2 * labels - 1
        elif self.loss == "squared_error":
            labels = torch.nn.functional.one_hot(labels, classes).double()
        weights, biases = initial((x.shape[1], *self.widths, outputs), self.scale, STATES[self.states], self.seed)
        network = Network.of(weights, biases, torch.as_tensor(x), labels, LOSSES[self.loss],
                             NOISES[self.noise], STATES[self.states])
        plan = Training(self.trainer, self.steps, self.rate, self.optimizer, self.decay, self.passes, self.seed)
        return plan(network) if self.steps else network

    def makers(self):
        return (f"straightedge.estimators.{self.trainer.partition(':')[0]}",)

    told: ClassVar[tuple[str, ...]] = ("widths", "steps")

    @property
    def title(self):
        return f"{type(self).__name__.lower()} {'-'.join(map(str, self.widths))}, {f'{self.steps} steps' if self.steps else 'initial'}"


def initial(sizes: tuple[int, ...], scale: float, states: tuple[float, float], seed: int) -> tuple[list[Tensor], list[Tensor]]:
    """Normal weights whose pre-activations have standard deviation about `scale`; the same network in either encoding."""
    rng = torch.Generator().manual_seed(seed)
    weights = [torch.randn(o, i, generator=rng, dtype=torch.float64) * scale / i**0.5 for i, o in pairwise(sizes)]
    biases = [0.3 * scale * torch.randn(o, generator=rng, dtype=torch.float64) for o in sizes[1:]]
    if states == BITS:  # x = 2 b - 1
        biases[1:] = [bias - weight.sum(1) for weight, bias in zip(weights[1:], biases[1:], strict=True)]
        weights[1:] = [2 * weight for weight in weights[1:]]
    return weights, biases


@dataclass(frozen=True)
class Points(Classification):
    """Two-dimensional points, generated: two or more classes that no line separates."""

    shape: Literal["moons", "rings", "blobs"] = "moons"
    points: int = 200
    """Data points."""

    def data(self):
        if self.shape == "moons":
            x, y = datasets.make_moons(self.points, noise=0.2, random_state=self.seed)
        elif self.shape == "rings":
            x, y = datasets.make_circles(self.points, noise=0.1, factor=0.5, random_state=self.seed)
        else:
            x, y = datasets.make_blobs(self.points, centers=4, random_state=self.seed)
            y = y % 2
        return (x - x.mean(0)) / x.std(0), y, 2


@dataclass(frozen=True)
class Digits(Classification):
    """Handwritten digits shipped with scikit-learn (8 x 8 pixels, ten classes), pooled or projected to few inputs."""

    widths: tuple[int, ...] = (8, 8)
    points: int = 200
    """Data points: the first of a shuffle of the 1797."""
    inputs: int = 16
    """Number of inputs: a square number for pooling, any up to 64 for projection."""
    reduction: Literal["pool", "project"] = "pool"
    """Mean over blocks of pixels, or the leading principal components."""

    def data(self):
        images, y = datasets.load_digits(return_X_y=True)
        order = np.random.default_rng(self.seed).permutation(len(y))[: self.points]
        if self.reduction == "pool":
            side = round(self.inputs**0.5)
            if side * side != self.inputs or 8 % side:
                raise ProblemError(f"digits: pooling gives 1, 4, 16 or 64 inputs, not {self.inputs}; use reduction project")
            block = 8 // side
            x = images.reshape(-1, side, block, side, block).mean((2, 4)).reshape(len(y), -1)
        else:
            centred = images - images.mean(0)
            directions = np.linalg.svd(centred, full_matrices=False)[2][: self.inputs]
            signs = np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(1)])
            x = centred @ (directions * signs[:, None]).T
        x = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1.0)
        return x[order], y[order].astype(np.int64), 10
