"""The exact gradient of a module: a sum over the joint states of the units that a data point depends on, in batches.

Points do not touch each other, so one joint state is given to all of them at once, each with its own probability.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.module.program import Program, forced, over
from straightedge.estimators.module.sample import block
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.sum.cost import Cost

WIDEST = 20
"""Units of one data point: 2^20 passes of the module."""


@dataclass(frozen=True)
class Enumeration(Cost):
    """What a sum over joint states takes."""

    def __str__(self) -> str:
        return f"{self.states} units that a data point depends on: 2^{self.states} passes of the module"


@dataclass(frozen=True)
class Batch:
    """Some joint states: the loss of every point at each, its probability, and a zero whose derivative is that of log P."""

    losses: Float[Tensor, "s b"]
    weights: Float[Tensor, "s b"]
    pulled: Float[Tensor, "s b"]


def cost(program: Program) -> Enumeration:
    """What the exact gradient takes."""
    count = sum(program.widths)
    return Enumeration(program.widths, count, 2.0**count * program.size, program.size)


def require(program: Program) -> None:
    """Raises Unsuitable where there are too many joint states."""
    count = sum(program.widths)
    if count > WIDEST:
        whose = f"the batch depends on, as {program.touching}" if program.touching else "a data point depends on"
        raise Unsuitable(f"the exact gradient of a module is a sum over the states of the {count} units that {whose}; "
                         f"expected at most {WIDEST}")


def batches(program: Program, theta: Tensor) -> Iterator[Batch]:
    """All joint states, differentiable in theta."""
    require(program)
    count = sum(program.widths)
    size = min(1 << count, block(program, 3))
    for start in range(0, 1 << count, size):
        numbers = torch.arange(start, min(1 << count, start + size), device=theta.device)
        bits = (numbers[:, None] >> torch.arange(count, device=theta.device)) & 1 == 1
        parts = [part.unsqueeze(1).expand(-1, 1 if law.shared else program.points, -1)
                 for part, law in zip(bits.split(program.widths, 1), program.laws, strict=True)]
        xs = [law.encode(part, theta) for part, law in zip(parts, program.laws, strict=True)]

        def one(*given: Tensor) -> tuple[Tensor, ...]:
            run = program.run(theta, forced(given[:len(program.laws)]))
            weights, pulled = torch.ones_like(run.losses), torch.zeros_like(run.losses)
            for call, upper in zip(run.calls, given[len(program.laws):], strict=True):
                a = call.a.detach()
                weights = weights * call.law.noise.cdf(torch.where(upper, a, -a)).prod(-1)
                pulled = pulled + (call.law.noise.score(a, upper) * (call.a - a)).sum(-1)
            return run.losses, weights, pulled

        yield Batch(*over(one, [*xs, *parts], program.mapped, len(numbers)))


def gradient(program: Program, theta: Tensor) -> Float[Tensor, " d"]:
    """The exact gradient of the expected loss, averaged over the data."""
    theta, found, middle = theta.detach().requires_grad_(), torch.zeros_like(theta), None
    with torch.enable_grad():
        for batch in batches(program, theta):
            middle = batch.losses[:1].detach() if middle is None else middle  # any constant; this one keeps the digits of differences
            part = batch.weights * (batch.losses + (batch.losses.detach() - middle) * batch.pulled)
            found += torch.autograd.grad(part.mean(1).sum(), theta, materialize_grads=True)[0]
    return found


def loss(program: Program, theta: Tensor) -> Float[Tensor, ""]:
    """The exact expected loss, averaged over the data."""
    with torch.no_grad():
        return torch.stack([(batch.weights * batch.losses).mean(1).sum() for batch in batches(program, theta)]).sum()
