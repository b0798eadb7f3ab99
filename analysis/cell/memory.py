"""How many rows are drawn by one call, and what they hold meanwhile.

A block of rows is drawn from one generator, so its size decides which random numbers come where.  It therefore follows from the network's
shape and the estimator's `samples` alone: the memory that may be used allows a measurement or refuses it, and changes no number.
"""

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import Network

MOST = 4096
"""Rows of a block at most."""
BLOCK, DEVICE_BLOCK = 32 << 20, 256 << 20
"""Bytes that a block is meant to hold: on a processor as many as its cache is still of use for, on an accelerator more."""
TENSORS = 12
"""Tensors of the units' size that a pass holds, and again for each of an estimate's samples; the widest layer counts besides for each of
the `noises` averaged over, and for the `hidden` units of a control.  The tests hold this against all tensors that every estimator makes."""


def counted(estimator: Estimator, name: str, least: int) -> int:
    """A hyper-parameter of this name, where it is one that counts."""
    value = vars(estimator).get(name, least)
    return max(value, least) if isinstance(value, int) else least


def size(network: Network, estimator: Estimator, samples: int) -> int:
    """Bytes of one row of so many samples."""
    values = TENSORS * (1 + samples) * (sum(network.widths) + network.outputs)
    values += (2 * counted(estimator, "hidden", 0) + counted(estimator, "noises", 0)) * max(network.widths)
    return network.theta.element_size() * (4 * len(network.theta) + len(network.inputs) * values)


def block_rows(network: Network, estimator: Estimator) -> int:
    """Rows of one block."""
    units = len(network.inputs) * (sum(network.widths) + network.outputs)
    row = network.theta.element_size() * (4 * len(network.theta) + TENSORS * (1 + estimator.samples) * units)
    rows = (BLOCK if network.theta.device.type == "cpu" else DEVICE_BLOCK) // row
    return max(1, min(MOST if estimator.random else 64, rows))


def held(network: Network, estimator: Estimator) -> int:
    """Bytes that a block of rows holds while it is drawn, or, where that is more, what a control is learned from."""
    rows = block_rows(network, estimator) * size(network, estimator, estimator.samples)
    lessons = counted(estimator, "learning_samples", 0) // len(network.inputs) * size(network, estimator, 1)
    return max(rows, lessons)


def require_memory(network: Network, estimator: Estimator, budget: int) -> None:
    """Raises InputError where the rows hold more than `budget` bytes."""
    needed = held(network, estimator)
    if needed > budget:
        raise InputError(f"memory: the budget of {budget / 2**20:.3g} MiB is too small for {estimator}, whose block of rows holds "
                         f"{needed / 2**20:.3g} MiB on a network of {len(network.theta)} parameters and {len(network.inputs)} data points; "
                         f"expected at least {-(-needed // 2**20)}")
