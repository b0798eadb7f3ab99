"""Models with stochastic units as a whole: other rules for a while, predictions averaged over samples."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from straightedge.estimators.module.law import rule_of
from straightedge.estimators.module.unit import Unit, mode_of
from straightedge.estimators.network.error import InputError


def units(model: nn.Module) -> list[Unit]:
    """The modules of stochastic units in this model.  Raises InputError where there is none."""
    found = [module for module in model.modules() if isinstance(module, Unit)]
    if not found:
        raise InputError(f"{type(model).__name__} has no stochastic units; expected a Bernoulli, BinaryLinear or BinaryConv2d in it")
    return found


@contextmanager
def using(model: nn.Module, *, rule: object = None, mode: str | None = None) -> Iterator[nn.Module]:
    """Inside, all units of the model have this rule, and this mode in evaluation; afterwards their own again."""
    found = units(model)
    own = [(unit.rule, unit.mode) for unit in found]
    new_rule, new_mode = None if rule is None else rule_of(rule), None if mode is None else mode_of(mode)
    try:
        for unit in found:
            unit.rule, unit.mode = new_rule or unit.rule, new_mode or unit.mode
        yield model
    finally:
        for unit, (old_rule, old_mode) in zip(found, own, strict=True):
            unit.rule, unit.mode = old_rule, old_mode


def ensemble(model: nn.Module, x: Tensor, n: object, predict: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """The mean of model(x) over n samples of its units, in evaluation and without gradients.

    predict  what is averaged, of the model's output: as `lambda z: z.softmax(-1)` for probabilities; the output itself if not given
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InputError(f"ensemble: n = {n!r}; expected a whole number from 1")
    training = {module: module.training for module in model.modules()}
    try:
        with using(model.eval(), mode="sample"), torch.no_grad():
            mean = torch.zeros(())
            for count in range(1, n + 1):
                z = model(x) if predict is None else predict(model(x))
                mean = z if count == 1 else mean + (z - mean) / count
            return mean
    finally:
        for module, was in training.items():
            module.training = was
