"""The network of a module: a copy of it, so that the user's model and data stay as they are."""

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from straightedge.estimators.module import admission
from straightedge.estimators.module.loss import point_loss, require_mean
from straightedge.estimators.module.network import ModuleNetwork, theta_of
from straightedge.estimators.module.program import Program, Whole, drawn
from straightedge.estimators.module.sample import gradients
from straightedge.estimators.module.unit import Unit
from straightedge.estimators.network.error import InputError


class Meter(TorchDispatchMode):
    """Counts the bytes of all tensors that are made inside."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.bytes += found.nbytes if isinstance(found, Tensor) else 0
        return found


def module_network(model: object, x: Any, y: Any, loss: object) -> ModuleNetwork:
    """The network of this module, float64 on the CPU.

    model  with stochastic units in it; in the mode, training or evaluation, that its other parts are to be measured in
    x, y   data and labels, the data points along the first axis
    loss   loss(output, y) or loss(model, x, y), one loss a point or a mean of torch's

    Raises InputError, in one sentence, for what cannot be measured.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"model: {type(model).__name__}; expected a torch.nn.Module")
    admission.require_data(model, x, y)
    points = point_loss(loss)
    own = copy.deepcopy(model).to(device="cpu", dtype=torch.float64)
    x, y = (value.detach().cpu().double() if value.is_floating_point() else value.detach().cpu().clone() for value in (x, y))
    whole = Whole(own, points)
    measured = {name: value for name, value in whole.named_parameters() if value.requires_grad}
    fixed = {name: value.detach().clone() for name, value in (*whole.named_parameters(), *whole.named_buffers()) if name not in measured}
    shapes = {name: value.shape for name, value in measured.items()}
    theta = theta_of(measured)
    program = admitted(Program(whole, shapes, fixed, places(whole), x, y, mapped=False), theta)
    first = program.laws[0]
    inputs = x.reshape(len(x), -1).double()
    return ModuleNetwork(theta, inputs, y, program.widths, points, noise=first.noise, states=first.states, program=program)


def places(whole: nn.Module) -> dict[str, str]:
    """Every place of a parameter or buffer -> the name of what is there, each module once: torch's own tying leaves a module that is
    registered twice with the values of the last call."""
    names = {id(value): name for name, value in reversed([*whole.named_parameters(), *whole.named_buffers()])}
    found: dict[str, str] = {}
    for prefix, module in whole.named_modules():
        for kind in (module.named_parameters, module.named_buffers):
            found |= {name: names[id(value)] for name, value in kind(prefix, recurse=False, remove_duplicate=False)}
    return found


def admitted(program: Program, theta: Tensor) -> Program:
    """The program with what a first run shows: its sites, its size, whether it can be mapped.  Raises InputError where it is refused."""
    model, reached = program.whole.model, []
    hooks = [module.register_forward_hook(lambda module, *_: reached.append(module)) for module in model.modules()
             if isinstance(module, Unit)]
    rng = torch.Generator().manual_seed(0)
    buffers = {name.removeprefix("model."): value for name, value in program.fixed.items()}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        state = torch.get_rng_state()
        try:
            with Meter() as meter:
                run, us = admission.first_run(program, theta, rng)
        except InputError:
            raise
        except Exception as error:  # whatever a user's module raises
            raise InputError(f"the module cannot be run in float64: {type(error).__name__}: {' '.join(str(error).split())}") from error
        finally:
            for hook in hooks:
                hook.remove()
        admission.require_units(model, run, reached)
        admission.require_finite(run)
        admission.require_same_again(program, theta, us, run, state)
        admission.require_unchanged(model, buffers, buffers_after(program, theta, us))
        changed = replace(program, x=other_first(program.x, rng), y=other_first(program.y, rng))
        admission.require_apart(program, theta, run, changed)
        output: list[Tensor] = []
        hook = model.register_forward_hook(lambda module, given, found: output.append(found))
        program.run(theta, drawn(us))
        hook.remove()
        require_mean(program.whole.loss, output[0], program.y)
    program = replace(program, laws=tuple(call.law for call in run.calls), widths=tuple(call.a.shape[1] for call in run.calls),
                      size=max(1, meter.bytes))
    return replace(program, mapped=mappable(program, theta, us))


def buffers_after(program: Program, theta: Tensor, us: list[Tensor]) -> dict[str, Tensor]:
    """The buffers that a pass leaves behind."""
    left = {name: value.clone() for name, value in program.fixed.items()}
    kept = replace(program, fixed=left, keep=True)
    kept.run(theta, drawn(us))
    return {name.removeprefix("model."): value for name, value in left.items()}


def other_first(values: Tensor, rng: torch.Generator) -> Tensor:
    """The data with the first point changed: moved by noise, or for whole numbers replaced by the first that differs from it."""
    values = values.clone()
    if values.is_floating_point():
        values[0] += torch.randn(values[0].shape, generator=rng, dtype=values.dtype)
    else:
        other = next((one for one in values if not torch.equal(one, values[0])), values[0])
        values[0] = other.clone()
    return values


def mappable(program: Program, theta: Tensor, us: list[Tensor]) -> bool:
    """Whether torch maps the module and its derivative over rows."""
    def mean(theta: Tensor, *parts: Tensor) -> Tensor:
        return program.run(theta, drawn(parts)).losses.mean()

    try:
        gradients(replace(program, mapped=True), theta, mean, [u.expand(2, *u.shape) for u in us])
    except Exception:  # whatever a module that cannot be mapped raises
        return False
    return True
