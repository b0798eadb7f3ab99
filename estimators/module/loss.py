"""The loss of each data point, from what people train with.

    loss(output, y)         torch's functions and modules, their reduction undone; anybody's function that gives one loss a point
    loss(model, x, y)       the general form, one loss a point; it may hold the parameters, as a prior or a penalty does

A loss that compares points with each other may be given as one number of shape [1]: the batch is then one unit of credit.
"""

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from straightedge.estimators.module.data import called, count
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import Loss
from straightedge.estimators.network.word import named_loss


@dataclass(frozen=True, eq=False)
class PointLoss(Loss):
    """One loss for each data point, of a model's output or of a model."""

    function: Callable[..., Tensor]
    general: bool
    """Whether it takes (model, x, y) and not (output, y)."""
    rest: str = "none"
    """How further axes than that of the points are reduced: mean, sum, or none where there are none."""
    whole: Callable[..., Tensor] | None = None
    """The loss as it was given, where its reduction was undone."""

    def points(self, model: nn.Module, x: Any, y: Any) -> Tensor:
        """The losses [b], or [1] of a loss that compares points.  Raises InputError where there is not one for each point."""
        value, b = self.function(model, x, y) if self.general else self.function(called(model, x), y), count(x)
        if not isinstance(value, Tensor):
            raise InputError(f"the loss gave {type(value).__name__}; expected a tensor of one loss for each of {b} data points")
        if self.rest != "none" and value.dim() > 1 and len(value) == b:
            value = value.flatten(1).mean(1) if self.rest == "mean" else value.flatten(1).sum(1)
        if value.shape not in ((b,), (1,)):
            raise InputError(f"the loss gave shape {tuple(value.shape)}; expected one loss for each of {b} data points: leave out its mean "
                             "or sum over them, as by reduction='none'; or shape (1,) of a loss that compares the points")
        return value

    def features(self, z):
        raise InputError("the loss of a module is no table over its outputs")

    def coefficients(self, y, z):
        raise InputError("the loss of a module is no table over its outputs")


def point_loss(loss: object) -> PointLoss:
    """The loss of each data point from a name, a loss module of torch, or a function.  Raises InputError for anything else."""
    if isinstance(loss, PointLoss):
        return loss
    if isinstance(loss, str):
        known = named_loss(loss)

        def plain(z: Tensor, y: Tensor) -> Tensor:
            z, y = z.flatten(1), y.reshape(len(y), -1)
            return known(z, known.coefficients(y, z))

        return PointLoss(plain, False)
    if isinstance(loss, nn.modules.loss._Loss):
        undone = copy.deepcopy(loss)
        undone.reduction = "none"
        return PointLoss(undone, False, *reduced(loss.reduction, loss))
    if not callable(loss):
        raise InputError(f"loss: {loss!r}; expected a name, or a function of (output, y) or of (model, x, y) that gives one loss a point")
    try:
        parameters = inspect.signature(loss).parameters
    except (TypeError, ValueError):
        return PointLoss(loss, False)
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [one for one in parameters.values() if one.default is one.empty and one.kind in places]
    if len(needed) == 3:
        return PointLoss(loss, True)
    if "reduction" in parameters and parameters["reduction"].default in ("mean", "sum"):
        return PointLoss(lambda z, y: loss(z, y, reduction="none"), False, *reduced(parameters["reduction"].default, loss))
    return PointLoss(loss, False)


def reduced(reduction: str, loss: Callable) -> tuple[str, Callable | None]:
    """(how axes beside the points' are reduced, the loss where it is to be compared)."""
    return {"mean": ("mean", loss), "sum": ("sum", None), "batchmean": ("sum", loss)}.get(reduction, ("none", None))


def require_mean(loss: PointLoss, output: Any, y: Any) -> None:
    """Refuses a loss whose mean over the points is not what it gives itself, as one with weights for classes."""
    if loss.whole is None:
        return
    given, mean = loss.whole(output, y), loss.points(nn.Identity(), {"input": output}, y).mean()
    if not torch.allclose(given, mean, rtol=1e-6, equal_nan=True):
        raise InputError(f"the loss of the batch is {float(given):.6g} and the mean over its points {float(mean):.6g}: it weights points; "
                         "expected a loss that is a mean, or a function that gives one loss a point")
