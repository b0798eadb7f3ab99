"""What the optimisers here share: a latent weight moves by itself, from its own derivative."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from straightedge.estimators.network.error import InputError


class LatentOptimizer(torch.optim.Optimizer):
    """Every element alone; `settings` are options of a group of parameters, as in torch.  No parameter without a gradient is moved."""

    def __init__(self, params: Iterable, **settings: Any):
        for name, value in settings.items():
            if not 0 <= value < float("inf"):
                raise InputError(f"{type(self).__name__}: {name} = {value:g}; expected a number from 0")
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure=None):  # type: ignore[override]
        """One step; what the closure gives, where there is one."""
        value = None
        if closure is not None:
            with torch.enable_grad():
                value = closure()
        for group in self.param_groups:
            for latent in group["params"]:
                if latent.grad is not None:
                    self.move(latent, latent.grad, group, self.state[latent])
        return value

    @abstractmethod
    def move(self, latent: Tensor, slope: Tensor, group: dict, state: dict) -> None:
        """Moves the latent weights in place; slope is the derivative by the weights, or by their means."""
