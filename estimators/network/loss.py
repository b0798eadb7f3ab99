"""Losses, factored so that one table over the states serves the whole data set.

The loss of data point b at outputs z is  sum_k w_bk phi_k(z):  `features` is phi, `coefficients` is w.
The outputs z [.., m] are the last affine layer, or the last layer's state itself where the network has no output layer.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.error import InputError

Function = Callable[[Tensor], Tensor]


class LabelError(InputError):
    """The labels do not fit the loss; the message says what would."""


@dataclass(frozen=True)
class Loss(ABC):
    """What is averaged over the data; `z` [.., b, m] outputs, `y` labels, one row a data point."""

    @abstractmethod
    def features(self, z: Float[Tensor, "... m"]) -> Float[Tensor, "... k"]:
        """phi(z), one column per k."""

    @abstractmethod
    def coefficients(self, y: Tensor, z: Tensor) -> Float[Tensor, "b k"]:
        """w for labels y; `z` gives the dtype, the device and the number of outputs, nothing else."""

    def slopes(self, z: Float[Tensor, "... m"], weights: Float[Tensor, "... k"]) -> Float[Tensor, "... m"]:
        """The derivatives by z of the features' sum with these weights."""
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            features = self.features(z)
            if not features.requires_grad:  # a loss that is constant in z
                return torch.zeros_like(z)
            return torch.autograd.grad(features, z, weights.expand_as(features))[0]

    def around(self, z: Float[Tensor, " m"]) -> "Loss":
        """The same loss, in the form whose numbers are small for outputs near z."""
        return self

    def origin(self, like: Tensor) -> tuple["Loss", Float[Tensor, " m"] | float]:
        """(this loss for outputs from which a number is already subtracted, that number)."""
        return self, 0.0

    def __call__(self, z: Float[Tensor, "... b m"], coefficients: Float[Tensor, "b k"]) -> Float[Tensor, "... b"]:
        """The loss of each data point."""
        return (self.features(z) * coefficients).sum(-1)


def _integers(y: Tensor, allowed: Callable[[Tensor], Tensor], what: str) -> Tensor:
    flat = y.reshape(len(y), -1)
    if flat.shape[1] != 1 or not bool(allowed(flat).all()):
        raise LabelError(f"labels do not fit the loss: expected one column of {what}, got shape {tuple(y.shape)} "
                         f"with values from {flat.min():g} to {flat.max():g}")
    return flat[:, 0].round().long()


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """-log softmax(z)_y for labels y in 0 .. m - 1."""

    def features(self, z):
        top, place = z.max(-1, keepdim=True)  # log_softmax itself gives 0 where the others' share is below rounding
        rest = torch.exp(z - top).scatter(-1, place, 0.0).sum(-1, keepdim=True)
        return (top - z).scatter(-1, place, 0.0) + torch.log1p(rest)

    def slopes(self, z, weights):
        others = 1 - torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
        share = torch.exp(z - z.amax(-1, keepdim=True))
        rest = share @ others  # not the sum minus one's own, which loses what is below rounding
        return (share * (weights @ others) - rest * weights) / (share + rest)

    def coefficients(self, y, z):
        classes = z.shape[-1]
        if classes < 2:
            raise LabelError("cross_entropy takes two outputs or more, the network has 1; with labels -1 and +1 use the logistic loss")
        index = _integers(y, lambda v: (v == v.round()) & (v >= 0) & (v < classes), f"class numbers 0 to {classes - 1}")
        return F.one_hot(index, classes).to(z)


@dataclass(frozen=True)
class LogisticLoss(Loss):
    """log(1 + exp(-y z)) for one output z and labels y in {-1, +1}."""

    def features(self, z):
        return F.softplus(torch.cat((-z, z), -1), threshold=40)

    def slopes(self, z, weights):
        return torch.sigmoid(z) * weights[..., 1:] - torch.sigmoid(-z) * weights[..., :1]

    def coefficients(self, y, z):
        if z.shape[-1] != 1:
            raise LabelError(f"the logistic loss takes one output, the network has {z.shape[-1]}")
        upper = _integers(y, lambda v: v.abs() == 1, "labels -1 or +1") > 0
        return torch.stack((upper, ~upper), -1).to(z)


@dataclass(frozen=True)
class SquaredError(Loss):
    """|z - y|^2, summed over the outputs; both are measured from `centre`, as the squares of large numbers hide small differences."""

    centre: tuple[float, ...] = ()
    """One number per output, where the network's outputs are; none for zero."""

    def around(self, z):
        return SquaredError(tuple(z.detach().clamp(-1e38, 1e38).float().tolist()))  # numbers of float32: both precisions subtract the same

    def origin(self, like):
        return SquaredError(), like.new_tensor(self.centre) if self.centre else 0.0

    def centred(self, z: Float[Tensor, "... m"]) -> Float[Tensor, "... m"]:
        """z - centre."""
        return z - z.new_tensor(self.centre) if self.centre else z

    def features(self, z):
        z = self.centred(z)
        return torch.cat((z.square().sum(-1, keepdim=True), z, torch.ones_like(z[..., :1])), -1)

    def slopes(self, z, weights):
        return 2 * self.centred(z) * weights[..., :1] + weights[..., 1:-1]

    def coefficients(self, y, z):
        if y.shape != (len(y), z.shape[-1]):
            raise LabelError(f"squared error takes one target per output: expected shape ({len(y)}, {z.shape[-1]}), "
                             f"got {tuple(y.shape)}")
        y = self.centred(y.to(z.device, torch.float64)).to(z)
        return torch.cat((torch.ones_like(y[:, :1]), -2 * y, y.square().sum(-1, keepdim=True)), -1)

    def __call__(self, z, coefficients):
        return (self.centred(z) + coefficients[:, 1:-1] / 2).square().sum(-1)


@dataclass(frozen=True, eq=False)
class StateFunction(Loss):
    """Any function f [.., n] -> [..] of the last layer's state; the labels are not used."""

    function: Function

    def features(self, z):
        return self.function(z).unsqueeze(-1)

    def coefficients(self, y, z):
        return z.new_ones(len(y), 1)


LOSSES: dict[str, Loss] = {"cross_entropy": CrossEntropy(), "logistic": LogisticLoss(), "squared_error": SquaredError()}
