"""What a module, its data and its loss must be to be measured; each that they are not is one sentence.

The module is run a few times: twice on the same uniforms, where it must do the same, and once with one data point changed, where nothing
changes for the others: else the batch is one unit of credit.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from straightedge.estimators.module.data import count, each, parts
from straightedge.estimators.module.program import Program, Run, drawn, forced
from straightedge.estimators.module.unit import Unit
from straightedge.estimators.network.error import InputError

REMEDY = "expected model.eval(), in which units of this package go on sampling while they are measured"


def require_data(model: nn.Module, x: Any, y: Any) -> None:
    """Refuses data that do not fit each other or the model."""
    given = [*parts(x, "x"), *parts(y, "y")]
    for what, value in given:
        if not isinstance(value, Tensor) or not value.dim():
            raise InputError(f"{what}: {type(value).__name__}; expected a tensor with the data points along its first axis, or a tuple, "
                             "list or dict of such")
    if not all(any(parts(value)) for value in (x, y)):
        raise InputError("x or y holds no tensor; expected the data points along the first axis of one or more")
    counts = [len(value) for _, value in given]
    if len(set(counts)) > 1 or not counts[0]:
        raise InputError(f"expected one label per data point, got {counts[0]} points and {counts[-1]} labels" if counts[0] != counts[-1]
                         or not counts[0] else f"expected equally many data points in every tensor, got {' and '.join(map(str, counts))}")
    places = {value.device for value in model.parameters()} | {value.device for _, value in given}
    if len(places) > 1:
        raise InputError(f"model, x and y are on {' and '.join(sorted(map(str, places)))}; expected all on one device")
    for what, value in (*parts(x, "x"), *model.named_parameters(), *model.named_buffers()):
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"{what}: expected finite numbers, found NaN or infinity")


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


def require_units(model: nn.Module, run: Run, reached: Sequence[nn.Module], points: int) -> None:
    """Refuses a module without units, with units that no pass reaches, or with units whose first axis is not that of the points."""
    if not run.calls:
        raise InputError(f"{type(model).__name__} has no stochastic units that its forward pass calls; expected Bernoulli, BinaryLinear, "
                         "BinaryConv2d or the function bernoulli in it")
    for name, module in model.named_modules():
        if isinstance(module, Unit) and module not in reached:
            raise InputError(f"unit {name or type(module).__name__!r} is never reached by the forward pass; expected a model without it")
    for index, call in enumerate(run.calls):
        if not call.law.shared and len(call.a) != points:
            raise InputError(f"unit call {index} got {len(call.a)} along the first axis, where there are {points} data points; "
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


def touching(program: Program, theta: Tensor, run: Run, rng: torch.Generator) -> str:
    """Why data points touch each other; empty where they do not: a pass with only the first changed, its data and its units' states,
    leaves the others as they were."""
    if len(run.losses) < count(program.x):
        return "the loss is one number that compares the points"
    if len(run.losses) == 1:
        return ""
    xs = [call.x.clone() for call in run.calls]
    for x, call in zip(xs, run.calls, strict=True):
        if not call.law.shared:
            x[0] = sum(call.law.states) - x[0]
    x, y = (each(values, lambda value: other_first(value, rng)) for values in (program.x, program.y))
    changed = replace(program, x=x, y=y)
    if same(run, changed.run(theta, forced(xs)), skip=1):
        return ""
    return f"points touch each other{first_of(program, nn.modules.batchnorm._NormBase)}"


def other_first(values: Tensor, rng: torch.Generator) -> Tensor:
    """The data with the first point changed: moved by noise, or for whole numbers replaced by the first that differs from it."""
    values = values.clone()
    if values.is_floating_point():
        values[0] += torch.randn(values[0].shape, generator=rng, dtype=values.dtype)
    else:
        other = next((one for one in values if not torch.equal(one, values[0])), values[0])
        values[0] = other.clone()
    return values


def first_of(program: Program, kind: type[nn.Module]) -> str:
    """' in' and the first module of this kind that is in training mode; nothing where there is none."""
    found = [f" in {type(module).__name__} {name.removeprefix('model.')!r}" for name, module in program.whole.named_modules()
             if isinstance(module, kind) and module.training]
    return found[0] if found else ""


def same(run: Run, other: Run, skip: int = 0) -> bool:
    """Whether losses and pre-activations are equal, those of the first points aside."""
    pairs = [(run.losses, other.losses), *((a.a, b.a) for a, b in zip(run.calls, other.calls, strict=False) if not a.law.shared)]
    return len(run.calls) == len(other.calls) and all(
        a.shape == b.shape and torch.allclose(a[skip:], b[skip:], rtol=1e-9, atol=1e-12) for a, b in pairs)
