"""What a module, its data and its loss must be to be measured; each that they are not is one sentence.

The module is run a few times: twice on the same uniforms, where it must do the same, and once with one data point changed, where nothing
may change for the others.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from straightedge.estimators.module.program import Program, Run, drawn, forced
from straightedge.estimators.module.unit import Unit
from straightedge.estimators.network.error import InputError

REMEDY = "expected model.eval(), in which units of this package go on sampling while they are measured"


def require_data(model: nn.Module, x: Any, y: Any) -> None:
    """Refuses data that do not fit each other or the model."""
    for what, value in (("x", x), ("y", y)):
        if not isinstance(value, Tensor) or not value.dim():
            raise InputError(f"{what}: {type(value).__name__}; expected a tensor with the data points along its first axis")
    if len(x) != len(y) or not len(x):
        raise InputError(f"expected one label per data point, got {len(x)} points and {len(y)} labels")
    places = {value.device for value in model.parameters()} | {x.device, y.device}
    if len(places) > 1:
        raise InputError(f"model, x and y are on {' and '.join(sorted(map(str, places)))}; expected all on one device")
    for what, value in (("x", x), *model.named_parameters(), *model.named_buffers()):
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"{what}: expected finite numbers, found NaN or infinity")
    if not any(value.requires_grad for value in model.parameters()):
        raise InputError("the model has no parameters that require a gradient; expected at least one")


def first_run(program: Program, theta: Tensor, rng: torch.Generator) -> tuple[Run, list[Tensor]]:
    """A pass that draws its own uniforms, and these."""
    us: list[Tensor] = []

    def answer(index, a, law):
        us.append(torch.rand(a.shape, generator=rng, dtype=a.dtype, device=a.device))
        return law.sample(a, us[index])

    return program.run(theta, answer), us


def require_finite(run: Run) -> None:
    """Refuses losses and pre-activations that are no numbers."""
    for what, value in (("the loss", run.losses), *((f"the pre-activations of unit call {i}", call.a) for i, call in enumerate(run.calls))):
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"{what}: expected finite numbers, found NaN or infinity")


def require_units(model: nn.Module, run: Run, reached: Sequence[nn.Module]) -> None:
    """Refuses a module without units, with units that no pass reaches, or with units whose first axis is not that of the points."""
    if not run.calls:
        raise InputError(f"{type(model).__name__} has no stochastic units that its forward pass calls; expected Bernoulli, BinaryLinear, "
                         "BinaryConv2d or the function bernoulli in it")
    for name, module in model.named_modules():
        if isinstance(module, Unit) and module not in reached:
            raise InputError(f"unit {name or type(module).__name__!r} is never reached by the forward pass; expected a model without it")
    for index, call in enumerate(run.calls):
        if not call.law.shared and len(call.a) != len(run.losses):
            raise InputError(f"unit call {index} got {len(call.a)} along the first axis, where there are {len(run.losses)} data points; "
                             "expected the data points along the first axis of what a unit is given")


def require_same_again(program: Program, theta: Tensor, us: list[Tensor], run: Run, state: Tensor) -> None:
    """Refuses randomness of the module's own and states that it keeps from call to call."""
    again = program.run(theta, drawn(us))
    if not torch.equal(state, torch.get_rng_state()):
        where = first_of(program, nn.modules.dropout._DropoutNd)
        raise InputError(f"the module draws randomness of its own{where}; {REMEDY}")
    if not same(run, again):
        raise InputError("the module gives other values when it is called again; expected one that keeps no state between calls")


def require_unchanged(model: nn.Module, before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
    """Refuses a module whose buffers change when it is called."""
    for name, value in before.items():
        if not torch.equal(value, after[name]):
            owner = model.get_submodule(name.rpartition(".")[0])
            raise InputError(f"{type(owner).__name__} changes {name} when it is called; {REMEDY}")


def require_apart(program: Program, theta: Tensor, run: Run, changed: Program) -> None:
    """Refuses a module in which data points touch each other: a pass with only the first changed, its data and its units' states, must
    leave the others as they were."""
    xs = [call.x.clone() for call in run.calls]
    for x, call in zip(xs, run.calls, strict=True):
        if not call.law.shared:
            x[0] = sum(call.law.states) - x[0]
    if len(run.losses) > 1 and not same(run, changed.run(theta, forced(xs)), skip=1):
        where = first_of(program, nn.modules.batchnorm._NormBase)
        raise InputError(f"data points touch each other{where}: the loss of one changes with another, so that no unit's credit is its own; "
                         f"{REMEDY if where else 'expected a model and a loss that take the points one by one'}")


def first_of(program: Program, kind: type) -> str:
    """' in' and the first module of this kind that is in training mode; nothing where there is none."""
    found = [f" in {type(module).__name__} {name.removeprefix('model.')!r}" for name, module in program.whole.named_modules()
             if isinstance(module, kind) and module.training]
    return found[0] if found else ""


def same(run: Run, other: Run, skip: int = 0) -> bool:
    """Whether losses and pre-activations are equal, those of the first points aside."""
    pairs = [(run.losses, other.losses), *((a.a, b.a) for a, b in zip(run.calls, other.calls, strict=False) if not a.law.shared)]
    return len(run.calls) == len(other.calls) and all(
        a.shape == b.shape and torch.allclose(a[skip:], b[skip:], rtol=1e-9, atol=1e-12) for a, b in pairs)
