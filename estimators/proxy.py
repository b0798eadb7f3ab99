"""Straight-through with a proxy of one's own."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.network.unit import hard, through


def proxy(a, u, noise=LOGISTIC, function=torch.nn.functional.softsign):
    """x in {-1, +1}; the derivative is that of `function`(a), any elementwise function of tensors, whatever the noise."""
    return through(hard(a, u, noise), function(a))


@cache
def named(name: str) -> Callable[[Tensor], Tensor]:
    """The elementwise differentiable function of this name: torch's own ("erf", "softsign") or anybody's ("module:function").

    Raises InputError, saying what is wrong with the name or with the function."""
    module, _, attribute = name.rpartition(":")
    try:
        places = [import_module(module)] if module else [torch, torch.nn.functional]
    except (ImportError, TypeError, ValueError) as error:
        raise InputError(f"proxy: cannot import module {module!r} of {name!r}: {error}") from error
    function = next((getattr(place, attribute) for place in places if hasattr(place, attribute)), None)
    if not callable(function):
        where = f"in module {module}" if module else "in torch or torch.nn.functional; write module:function for one of your own"
        raise InputError(f"proxy: found no function {attribute!r} {where}")
    probe = torch.linspace(-3, 3, 6, dtype=torch.float64, requires_grad=True)
    try:
        with warnings.catch_warnings(action="ignore"):
            value = function(probe)
            slope, = torch.autograd.grad(value.sum(), probe)
            parts = torch.stack([function(part) for part in probe])
    except Exception as error:  # whatever a function of someone else's raises
        raise InputError(f"proxy: {name!r} is no differentiable function of one tensor: {error}") from error
    if value.shape != probe.shape or not torch.allclose(value, parts, equal_nan=True):
        raise InputError(f"proxy: {name!r} is not elementwise")
    if not bool(torch.isfinite(slope).all()):
        raise InputError(f"proxy: the derivative of {name!r} is not finite between -3 and 3")
    return function


@dataclass(frozen=True)
class Proxy(Rule):
    """Straight-through with any proxy: the gradient passes as through the function of that name.

    By      d x / d a := d function(a) / d a
    Needs   the loss differentiable in x; a function that is elementwise and differentiable
    Bias    yes; none for one layer with a multi-affine loss where function = 2 F up to a constant
    Cost    1 forward, 1 backward
    Paper   Shekhovtsov, Yanush 2021, arXiv:2006.06880, section 3
    """

    marker: ClassVar[str] = "p"
    function: str = "softsign"
    """A function of torch or torch.nn.functional by its name, or one of your own as module:function."""

    def __post_init__(self):
        named(self.function)

    def unit(self, a, u, noise):
        return proxy(a, u, noise, named(self.function))
