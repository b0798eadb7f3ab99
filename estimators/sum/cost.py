"""What the exact gradient of a network takes, and whether that is there."""

import os
from dataclasses import dataclass

from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network


@dataclass(frozen=True)
class Cost:
    """What the exact gradient of a network takes."""

    widths: tuple[int, ...]
    states: int
    """Joint states that enumeration would visit for each data point: 2^this."""
    operations: float
    """Floating-point operations of the matrix products, forward and backward."""
    bytes: int
    """Peak memory of the tables."""

    def __str__(self) -> str:
        return (f"widths {'-'.join(map(str, self.widths))}: 2^{self.states} joint states, {self.operations:.3g} operations, "
                f"{self.bytes / 2**30:.3g} GiB of tables")


def exact_cost(network: Network, widest: int | None = None) -> Cost:
    """The cost of the exact gradient, known before it starts; with `widest`, were no layer wider than this."""
    k, size = network.coefficients.shape[1], network.theta.element_size()
    widths = tuple(min(width, widest or width) for width in network.widths)
    rows = (len(network.inputs), *(2**width for width in widths[:-1]))
    operations = sum(8.0 * below * 2**width * k for below, width in zip(rows, widths, strict=True))
    tables = sum(4 * k * 2**width for width in widths) + sum(4 * below * width for below, width in zip(rows, widths, strict=True))
    top = 2 ** widths[-1] * (2 * widths[-1] + 6 * max(1, network.outputs) + 2 * k)
    return Cost(widths, sum(widths), operations, size * (tables + top) + (64 << 20))


def memory() -> int:
    """Bytes of this machine's memory that the tables may take: half of it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def require_exact(network: Network, budget: int | None = None) -> None:
    """Raises Unsuitable where the exact tables would not fit, naming widths, bytes and what would fit."""
    needed, budget = exact_cost(network), memory() if budget is None else budget
    if needed.bytes > budget:
        fits = max((width for width in range(1, max(network.widths)) if exact_cost(network, width).bytes <= budget), default=0)
        raise Unsuitable(f"the exact gradient does not fit in memory: {needed}, but {budget / 2**30:.3g} GiB are allowed; "
                         f"layers of up to {fits} units would fit")
