"""A torch module in the place of a chain: what estimators ask of a network, it answers by passes of the module.

All measured parameters stand in one vector theta [d], in the order of `named_parameters`; a group is what one submodule owns, and
`projected` the random projections of what is not measured one by one.  A site is one call of a module of units, as a layer is in a chain.
What only a chain has is refused in a sentence.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from straightedge.estimators.base import rule_rows
from straightedge.estimators.module import truth
from straightedge.estimators.module.program import Program
from straightedge.estimators.module.sample import draw_module, pass_module, rule_gradients
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.passes import Cost
from straightedge.estimators.sampling.sample import draw, passed
from straightedge.estimators.sum.truth import exact_cost, exact_gradient, exact_loss, require_exact


@dataclass(frozen=True, eq=False)
class ModuleNetwork(Network):
    """The network of a module; `inputs` is its data, flat, `widths` the units of its sites, and `noise` and `states` those of the first."""

    program: Program = field(kw_only=True)

    def to(self, device, dtype):
        return replace(self, theta=self.theta.to(device, dtype), inputs=self.inputs.to(device, dtype), labels=self.labels.to(device),
                       program=self.program.to(device, dtype))

    def at(self, theta):
        raise lacking("parameters to put others in the place of")

    def cost(self, rows):
        """Whole passes of the module per row: a replay is one, whichever site it begins at; pulling deltas back is one backward."""
        return Cost(self.passes.forwards / rows, self.passes.backwards / rows)

    def uniform(self, rng, *rows):
        like = {"dtype": self.theta.dtype, "device": self.theta.device}
        return [torch.rand(*rows, 1 if law.shared else self.program.points, width, generator=rng, **like)
                for law, width in zip(self.program.laws, self.widths, strict=True)]

    @cached_property
    def groups(self):
        """Name of the submodule that owns the parameters -> their slice of theta."""
        groups, start = {}, 0
        for name, shape in self.program.shapes.items():
            owner = name.removeprefix("model.").rpartition(".")[0] or name.removeprefix("model.")
            begin = groups[owner].start if owner in groups else start
            groups[owner] = slice(begin, start := start + shape.numel())
        return groups if self.program.projection is None else groups | {"projected": slice(start, len(self.theta))}

    @cached_property
    def exact(self) -> Tensor:
        """The exact gradient [d], summed once."""
        return truth.gradient(self.program, self.theta)

    @property
    def shapes(self):
        raise lacking("the shapes of its layers")

    @property
    def layers(self):
        raise lacking("the weights of its layers")

    @property
    def coefficients(self):
        raise lacking("a table of the loss over the outputs")

    def affine(self, layer, x):
        raise lacking("single layers")

    def pull(self, layer, delta):
        raise lacking("single layers, backward")

    def value(self, z):
        raise lacking("the loss of outputs alone")

    def slope(self, z):
        raise lacking("the loss of outputs alone")

    def rows(self, states, deltas):
        raise lacking("single layers")


def lacking(what: str) -> Unsuitable:
    """The error about what a chain of layers has and a module has not."""
    return Unsuitable(f"needs {what}: that is what a chain of Linear layers and units offers and any other module does not")


@draw.register(ModuleNetwork)
def _(network, us, differentiable=False):
    return draw_module(network.program, network.theta, us, network.passes)


@passed.register(ModuleNetwork)
def _(network, unit, us):
    return pass_module(network.program, network.theta, unit, us, network.passes)


@rule_rows.register(ModuleNetwork)
def _(network, rule, n, rng):
    us = network.uniform(rng, n)
    vs = [torch.stack([torch.rand(u.shape, generator=rng, dtype=u.dtype, device=u.device) for _ in range(rule.further)], 1)
          for u in us] if rule.further else []
    return rule_gradients(network.program, network.theta, rule, us, vs, network.passes)


@exact_gradient.register(ModuleNetwork)
def _(network):
    return network.exact


@exact_loss.register(ModuleNetwork)
def _(network):
    return truth.loss(network.program, network.theta)


@exact_cost.register(ModuleNetwork)
def _(network):
    return truth.cost(network.program)


@require_exact.register(ModuleNetwork)
def _(network):
    truth.require(network.program)
