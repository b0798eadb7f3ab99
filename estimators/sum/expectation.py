"""The exact expected loss and its gradient by marginalisation, layer by layer: sum_l 2^(n_l + n_{l+1}) terms, never 2^(sum n)."""

import os
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.kronecker import Space
from straightedge.estimators.sum.reference import Values, grouping, references
from straightedge.estimators.sum.transfer import Transfer, enumerate_states, state_table


@dataclass(frozen=True)
class States:
    """Rows of the states of one Bernoulli layer, made when asked for."""

    network: Network
    layer: int
    chosen: Tensor | None = None
    """Numbers of the states; None for all."""

    @property
    def count(self) -> int:
        return 2 ** self.network.widths[self.layer] if self.chosen is None else len(self.chosen)

    def __call__(self, start: int, stop: int) -> Tensor:
        if self.chosen is None:
            return state_table(self.network, self.layer, start, stop)
        bits = enumerate_states(self.chosen[start:stop], self.network.widths[self.layer], self.network.theta)
        return self.network.states[0] + self.network.span * bits


@dataclass(frozen=True)
class Data:
    """Rows of the data, in the place of states below the first layer."""

    network: Network
    chosen: Tensor | None = None
    """Numbers of the data points; None for all."""

    @property
    def count(self) -> int:
        return len(self.network.inputs) if self.chosen is None else len(self.chosen)

    def __call__(self, start: int, stop: int) -> Tensor:
        return self.network.inputs[start:stop] if self.chosen is None else self.network.inputs[self.chosen[start:stop]]


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
    tables = sum(4 * k * 2**width for width in widths)
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


def exact_loss(network: Network) -> Float[Tensor, ""]:
    """The exact expected loss, averaged over the data, differentiable in the network's theta."""
    require_exact(network)
    loss, z = network.measured(state_table(network, network.depth - 1))
    values, space = Values(loss.features(z).T.contiguous()), Space(network.theta)
    for layer, among in reversed(list(enumerate(references(network)))):
        below = States(network, layer - 1) if layer else Data(network)

        def expectation(members: Tensor | None, columns: Tensor, layer: int = layer, below: States | Data = below) -> Tensor:
            rows = below if members is None else replace(below, chosen=members)
            return Transfer.apply(*network.layers[layer], columns, rows, network.noise, space)

        values = values.descend(among.states, grouping(network, layer, among), expectation)
    return (values.at().T * network.coefficients).sum(1).mean()


def exact_gradient(network: Network) -> Float[Tensor, " d"]:
    """The exact gradient of the expected loss."""
    theta = network.theta.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(exact_loss(network.at(theta)), theta)[0]
