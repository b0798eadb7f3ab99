"""Learning of control variates: on a stream of their own, once for each network, frozen while rows are drawn.

What is learned does not depend on the samples of the rows, so every row stays unbiased and rows stay independent.

Shapes: n rows, k samples of a row (one where there is no such axis), b data points, i and o units below and in a layer.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.network import Network

LEARNED: WeakKeyDictionary[Network, dict[Estimator, Any]] = WeakKeyDictionary()
RATE = 0.03
STREAM = 0x9E3779B97F4A7C15  # far from the seeds that people give to rows


@dataclass(frozen=True)
class LearningEstimator(Estimator):
    """An estimator with parameters that are learned for each network before its first row; learning counts as no pass."""

    learning_seed: int = 0
    """Seed of the stream that is learned from, apart from the stream of the rows."""
    learning_samples: int = 10_000
    """Evaluations of a data point's loss that are learned from."""

    @abstractmethod
    def learn(self, network: Network, n: int, rng: torch.Generator) -> Any:
        """What is learned from n rows; it must not refer to the network."""

    def learned(self, network: Network) -> Any:
        """What `learn` gave for this network, remembered for as long as the network lives."""
        known = LEARNED.setdefault(network, {})
        if self not in known:
            rng = torch.Generator(network.theta.device).manual_seed(STREAM ^ self.learning_seed)
            wide = network.to(network.theta.device, torch.float64).metered()  # squares of small losses underflow in float32
            known[self] = cast(self.learn(wide, max(1, self.learning_samples // len(network.inputs)), rng), network.theta.dtype)
        return known[self]


def cast(values: Any, dtype: torch.dtype) -> Any:
    """Nested lists and tuples with their tensors in this precision."""
    if isinstance(values, Tensor):
        return values.to(dtype)
    return type(values)(cast(value, dtype) for value in values) if isinstance(values, list | tuple) else values


def inner(below: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The scalar product of the estimates of one affine layer's gradient that two sets of deltas [n, (k,) b, o] give with the
    input states `below`, each data point on its own, summed over rows and data."""
    below, first, second = (t if t.dim() == 4 else t.unsqueeze(1) for t in (below, first, second))
    pairs = 1 + torch.einsum("nkbi,nmbi->nbkm", below, below)
    return (pairs * torch.einsum("nkbo,nmbo->nbkm", first, second)).sum()


def centred(deltas: Tensor) -> Tensor:
    """These deltas without their mean over rows and samples.

    A control's mean is zero given the state below, so its covariances stay the same and lose the noise of the mean."""
    return deltas - deltas.mean((0, 1) if deltas.dim() == 4 else 0, keepdim=True)


def coefficients(below: Tensor, main: Tensor, controls: Sequence[Tensor]) -> list[float]:
    """The multiples of the controls, deltas whose mean is zero, that leave main - sum_c w_c control_c the least variance."""
    main, controls = centred(main), [centred(control) for control in controls]
    gram = torch.stack([torch.stack([inner(below, a, b) for a in controls]) for b in controls])
    right = torch.stack([inner(below, main, control) for control in controls])
    return (torch.linalg.pinv(gram, hermitian=True) @ right).tolist()


def share(below: Tensor, rest: Tensor, main: Tensor) -> Tensor:
    """The second moment that is left of the main estimate; what `minimise` brings down where the mean is fixed."""
    return inner(below, rest, rest) / inner(below, main, main).clamp_min(1e-30)


def spread(values: Tensor) -> Tensor:
    """The standard deviation of these losses, one where they are all equal."""
    deviation = values.std(correction=0)
    return torch.where(deviation > 0, deviation, 1.0)


def initial(shape: tuple[int, ...], rng: torch.Generator, like: Tensor) -> Tensor:
    """A trainable parameter, normal with variance one over the number of inputs."""
    values = torch.randn(shape, generator=rng, dtype=like.dtype, device=like.device)
    return (values / shape[-1] ** 0.5).requires_grad_()


def part(layer: Any, rows: slice) -> Any:
    """These rows of a dataclass of tensors."""
    return type(layer)(*(tensor[rows] for tensor in vars(layer).values()))


def minimise(parameters: Sequence[Tensor], objective: Callable[[slice], Tensor], n: int, steps: int, rate: float = RATE) -> None:
    """Changes the parameters in place by Adam steps, each on the objective of other rows of n, the rate falling to zero."""
    optimizer = torch.optim.Adam(parameters, lr=rate, eps=1e-12)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - (step + 1) / (steps + 1))
    size = max(1, n // steps)
    for step in range(steps):
        start = step * size % n
        with torch.enable_grad():
            gradients = torch.autograd.grad(objective(slice(start, start + size)), parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        schedule.step()
