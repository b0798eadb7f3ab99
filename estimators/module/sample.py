"""The sampled pass of a module: the four things that estimators ask for, and the rows of rules.

Shapes: n rows, or n rows of k samples; b data points, i units of a site, c = b, or 1 where a site's units are shared by all points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from straightedge.estimators.base import Rule, Unit
from straightedge.estimators.module.law import Law
from straightedge.estimators.module.program import Program, drawn, forced, over
from straightedge.estimators.network.passes import Passes
from straightedge.estimators.network.unit import relaxed
from straightedge.estimators.sampling.sample import Passed, Sample, Site

BYTES = 1 << 26
"""For the passes that are mapped side by side."""


def block(program: Program, passes: int = 1) -> int:
    """Rows side by side, where each is so many passes."""
    return max(1, BYTES // (program.size * passes))


@dataclass(frozen=True, eq=False)
class ModuleSample(Sample):
    """The sample of a module: whatever is asked is another pass of the whole module."""

    program: Program
    theta: Tensor
    us: list[Tensor]
    passes: Passes

    def replay(self, index, x, us=None):
        us, below = us or self.us, [site.x for site in self.sites[:index]]
        if x.dim() > self.us[index].dim():
            us = [u.unsqueeze(1) if u.dim() < x.dim() else u for u in us]
            below = [state.unsqueeze(1) for state in below]
        rows = x.shape[:-2]
        tensors = [t.expand(*rows, *t.shape[-2:]).flatten(0, len(rows) - 1) for t in (*below, x, *us[index + 1:])]
        self.passes.forward(rows, 1)

        def losses(*parts: Tensor) -> tuple[Tensor, ...]:
            head = parts[:index + 1]
            return (self.program.run(self.theta, forced(head, parts)).losses,)

        with torch.no_grad():
            value, = over(losses, tensors, self.program.mapped, block(self.program))
        return value.view(*rows, -1)

    def changed(self, index, step, x=None, us=None):
        x = self.sites[index].x if x is None else x
        count = x.shape[-1]
        units = torch.eye(count, dtype=x.dtype, device=x.device).view(count, 1, count)
        size, parts = max(1, block(self.program) // len(x)), []
        for start in range(0, count, size):
            there = x.unsqueeze(1) + step.unsqueeze(1) * units[start:start + size]
            parts.append(self.replay(index, there, us))
        return torch.cat(parts, 1).transpose(1, 2)

    def slopes(self, factors):
        self.passes.backward(self.value.shape[:-1], 1)
        rows, count = self.value.shape[:-1], len(self.sites)
        tensors = [t.expand(*rows, *t.shape[-2:]).flatten(0, len(rows) - 1) for t in (*(site.x for site in self.sites), *factors)]
        found = state_slopes(self.program, self.theta, lambda index, a, law, parts: parts[index] + parts[count + index] * (a - a.detach()),
                             tensors)
        return [slope.view(*rows, *slope.shape[1:]) for slope in found[-count:]]

    def smoothed(self, index, x, zs, tau):
        rows = x.shape[:-2]
        self.passes.forward(rows, 1)
        self.passes.backward(rows, 1)
        below, behind = [site.x.unsqueeze(1) for site in self.sites[:index]], [z.unsqueeze(1) for z in zs[index + 1:]]
        tensors = [t.expand(*rows, *t.shape[-2:]).flatten(0, 1) for t in (*below, x, *behind)]

        def state(site, a, law, parts):
            return parts[site] if site <= index else law.scaled(relaxed(a, parts[site], law.noise, tau))

        losses, *found = state_slopes(self.program, self.theta, state, tensors)
        return losses.view(*rows, -1), found[len(self.sites) + index].view(x.shape)

    def rows(self, deltas):
        """By one product of the deltas with the derivatives of the pre-activations, all states kept."""
        points, xs = self.value.shape[-1], [site.x for site in self.sites]
        samples = prod(self.value.shape[1:-1])
        tensors = [t.reshape(len(t), samples, *t.shape[-2:]) for t in (*xs, *deltas)]
        self.passes.backward(self.value.shape[:-1], 1)

        def weighted(theta: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
            run = self.program.run(theta, forced(parts[:len(xs)]))
            pulled = sum((call.a * delta).sum() for call, delta in zip(run.calls, parts[len(xs):], strict=True))
            return (run.losses.mean() + pulled / points,)

        def mean(theta: Tensor, *parts: Tensor) -> Tensor:
            return over(lambda *one: weighted(theta, *one), parts, self.program.mapped, samples)[0].mean()

        return gradients(self.program, self.theta, mean, tensors, samples)


def gradients(program: Program, theta: Tensor, function, tensors: Sequence[Tensor], passes: int = 1) -> Tensor:
    """The derivative by theta of a scalar function of theta and of one row's tensors, for all rows [n, d]."""
    if program.mapped:
        def derivative(*parts: Tensor) -> tuple[Tensor, ...]:
            return (torch.func.grad(function)(theta, *parts),)
    else:
        def derivative(*parts: Tensor) -> tuple[Tensor, ...]:
            with torch.enable_grad():
                free = theta.detach().requires_grad_()
                return torch.autograd.grad(function(free, *parts), free, materialize_grads=True)
    return over(derivative, tensors, program.mapped, block(program, 3 * passes))[0]


def state_slopes(program: Program, theta: Tensor, state: Callable[[int, Tensor, Law, tuple], Tensor],
                 tensors: Sequence[Tensor]) -> list[Tensor]:
    """(losses [n, b], then the states of every site, then the derivatives of a point's loss by them), where `state` gives a site's states
    from its number, its pre-activations, its law and one row's tensors, and passes gradients."""
    def one(*parts: Tensor) -> tuple[Tensor, ...]:
        def total(shifts: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
            run = program.run(theta, lambda index, a, law: state(index, a, law, parts) + shifts[index])
            return run.losses.sum(), (run.losses.detach(), *(call.x.detach() for call in run.calls))

        zero = tuple(theta.new_zeros(1 if law.shared else program.points, width)
                     for law, width in zip(program.laws, program.widths, strict=True))
        if program.mapped:
            slopes, found = torch.func.grad(total, has_aux=True)(zero)
        else:
            with torch.enable_grad():
                shifts = tuple(shift.requires_grad_() for shift in zero)
                value, found = total(shifts)
                slopes = torch.autograd.grad(value, shifts, materialize_grads=True)
        return (*found, *(slope / program.points if law.shared else slope for slope, law in zip(slopes, program.laws, strict=True)))

    return over(one, tensors, program.mapped, block(program, 3))


def pass_module(program: Program, theta: Tensor, unit: Unit, us: list[Tensor], passes: Passes) -> Passed:
    """A pass with this unit, one row of uniforms [n, c, i] of every site."""
    passes.forward(us[0].shape[:1], 1)
    passes.backward(us[0].shape[:1], 1)
    losses, *found = state_slopes(program, theta, lambda index, a, law, parts: law.scaled(unit(a, parts[index], law.noise)), us)
    return Passed(found[:len(us)], losses, found[len(us):])


def draw_module(program: Program, theta: Tensor, us: list[Tensor], passes: Passes) -> ModuleSample:
    """The sampled pass with these uniforms [.., c, i] of every site."""
    rows = us[0].shape[:-2]

    def one(*parts: Tensor) -> tuple[Tensor, ...]:
        run = program.run(theta, drawn(parts))
        return (run.losses, *(call.a for call in run.calls), *(call.x for call in run.calls))

    with torch.no_grad():
        losses, *found = over(one, [u.flatten(0, len(rows) - 1) for u in us], program.mapped, block(program))
    passes.forward(rows, 1)
    found = [tensor.view(*rows, *tensor.shape[1:]) for tensor in found]
    sites = [Site(a, u, x, law.noise, law.states)
             for a, u, x, law in zip(found, us, found[len(us):], program.laws, strict=False)]
    return ModuleSample(sites, losses.view(*rows, -1), [site.a[..., :0] for site in sites], program, theta, us, passes)


def rule_gradients(program: Program, theta: Tensor, rule: Rule, us: list[Tensor], vs: list[Tensor], passes: Passes) -> Tensor:
    """The rows of a rule: autograd through the module, its units passed by the rule; further uniforms vs [n, j, c, i]."""
    passes.forward(us[0].shape[:1], 1)
    passes.backward(us[0].shape[:1], 1)

    def mean(theta: Tensor, *parts: Tensor) -> Tensor:
        further = parts[len(us):]
        return program.run(theta, lambda index, a, law: law.passed(rule, a, parts[index], list(further[index]) if further else [])
                           ).losses.mean()

    return gradients(program, theta, mean, [*us, *vs])
