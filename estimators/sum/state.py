"""States of a layer by number: the first unit is the most significant bit, a set bit the upper state."""

from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from straightedge.estimators.network.network import Network

KEPT = 10
"""Width up to which a layer's table of states is kept for the next network."""


def enumerate_states(index: Int[Tensor, " s"], width: int, like: Tensor) -> Float[Tensor, "s n"]:
    """Bits {0, 1} of these state numbers, in the dtype of `like`."""
    shifts = torch.arange(width - 1, -1, -1, device=index.device)
    return ((index[:, None] >> shifts) & 1).to(like.dtype)


def number(upper: Bool[Tensor, "*m n t"], like: Tensor) -> Int[Tensor, "*m t"]:
    """The numbers of these states; `like` has the dtype to count in."""
    return torch.matmul(powers(upper.shape[-2], like.dtype, like.device), upper.to(like.dtype)).long()


@lru_cache(maxsize=64)
def powers(width: int, dtype: torch.dtype, device: torch.device) -> Float[Tensor, " n"]:
    """What each unit's bit counts."""
    return 2.0 ** torch.arange(width - 1, -1, -1, dtype=dtype, device=device)


@lru_cache(maxsize=64)
def kept_table(width: int, states: tuple[float, float], dtype: torch.dtype, device: torch.device) -> Float[Tensor, "s n"]:
    """All states of a layer.  Shared: not to be written into."""
    bits = enumerate_states(torch.arange(2**width, device=device), width, torch.empty((), dtype=dtype))
    return states[0] + (states[1] - states[0]) * bits


def state_table(network: Network, layer: int, start: int = 0, stop: int | None = None) -> Float[Tensor, "s n"]:
    """The states of a Bernoulli layer in the network's encoding, those numbered from `start` to `stop`."""
    width, like = network.widths[layer], network.theta
    if start == 0 and stop is None and width <= KEPT:
        return kept_table(width, network.states, like.dtype, like.device)
    index = torch.arange(start, 2**width if stop is None else stop, device=like.device)
    return network.states[0] + network.span * enumerate_states(index, width, like)
