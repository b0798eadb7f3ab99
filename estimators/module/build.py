"""The network of a module: a copy of it, so that the user's model and data stay as they are."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from straightedge.estimators.module import admission
from straightedge.estimators.module.data import each, flat
from straightedge.estimators.module.loss import point_loss, require_mean
from straightedge.estimators.module.network import ModuleNetwork
from straightedge.estimators.module.program import Program, Whole, drawn
from straightedge.estimators.module.projection import Projection
from straightedge.estimators.module.sample import gradients
from straightedge.estimators.module.selection import chosen
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


def module_network(model: object, x: Any, y: Any, loss: object, parameters: Sequence[str] | None = None,
                   projections: int = 0) -> ModuleNetwork:
    """The network of this module, float64 on the CPU.

    model        with stochastic units in it; in the mode, training or evaluation, that its other parts are to be measured in
    x, y         data and labels, the data points along the first axis: tensors, or tuples and dicts of them
    loss         loss(output, y) or loss(model, x, y), one loss a point or a mean of torch's
    parameters   names of parameters or of submodules: those measured one by one, all that need a gradient if not given
    projections  number of random directions in which the other parameters are measured; 0 leaves them out, and where no names are given
                 all parameters are measured so

    Raises InputError, in one sentence, for what cannot be measured.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"model: {type(model).__name__}; expected a torch.nn.Module")
    admission.require_data(model, x, y)
    points = point_loss(loss)
    whole = Whole(own(model), points)
    single, rest = chosen(whole, parameters, projections)
    measured = [*single, *(rest if projections else ())]
    fixed = {name: value.detach().clone() for name, value in (*whole.named_parameters(), *whole.named_buffers()) if name not in measured}
    x, y = each(x, wide), each(y, wide)
    projection = Projection.of(rest, projections) if projections and rest else None
    shift = torch.zeros(projection.count if projection else 0, dtype=torch.float64)
    theta = torch.cat([*(value.detach().reshape(-1) for value in single.values()), shift])
    shapes = {name: value.shape for name, value in single.items()}
    program = admitted(Program(whole, shapes, fixed, places(whole), x, y, projection, mapped=False), theta)
    first, inputs = program.laws[0], flat(x)
    return ModuleNetwork(theta, inputs.reshape(1, -1) if program.touching else inputs, next(value for _, value in admission.parts(y)),
                         program.widths, points, noise=first.noise, states=first.states, program=program)


def own(model: nn.Module) -> nn.Module:
    """A copy, float64 on the CPU, whose batch norms in training mode have no running statistics: they do not read them there."""
    found = copied(model).to(device="cpu", dtype=torch.float64)
    for module in found.modules():
        if isinstance(module, nn.modules.batchnorm._NormBase) and module.training and module.track_running_stats:
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
    return found


def copied(model: nn.Module) -> nn.Module:
    """A copy.  Raises InputError where it holds what cannot be copied."""
    try:
        return copy.deepcopy(model)
    except Exception as error:  # whatever a user's module raises
        raise InputError(f"the module cannot be copied: {' '.join(str(error).split())}") from error


def wide(value: Tensor) -> Tensor:
    """A copy on the CPU, float64 where it is a floating number."""
    value = value.detach().cpu().clone()
    return value.double() if value.is_floating_point() else value


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
    """The program with what a first run shows: its sites, its size, whether points touch each other, whether it can be mapped.  Raises
    InputError where it is refused."""
    model, reached, points = program.whole.model, [], program.points
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
        admission.require_units(model, run, reached, points)
        admission.require_finite(run)
        admission.require_same_again(program, theta, us, run, state)
        admission.require_unchanged(model, buffers, buffers_after(program, theta, us))
        why = "" if program.touching else admission.touching(program, theta, run, rng)
        if why:
            return admitted(replace(program, touching=why), theta)
        output: list[Any] = []
        hook = model.register_forward_hook(lambda module, given, found: output.append(found))
        program.run(theta, drawn(us))
        hook.remove()
        if output:
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


def mappable(program: Program, theta: Tensor, us: list[Tensor]) -> bool:
    """Whether torch maps the module and its derivative over rows."""
    def mean(theta: Tensor, *parts: Tensor) -> Tensor:
        return program.run(theta, drawn(parts)).losses.mean()

    try:
        gradients(replace(program, mapped=True), theta, mean, [u.expand(2, *u.shape) for u in us])
    except Exception:  # whatever a module that cannot be mapped raises
        return False
    return True
