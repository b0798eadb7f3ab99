"""A module, its data and its loss as a function of the parameters and of what its units are told.

Shapes: n rows, b data points, d parameters, i units of a site, c = b, or 1 where a site's units are shared by all points.  Where points
touch each other the batch is one point: b = 1, and a site's units are those of all points.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from straightedge.estimators.module.data import count, each
from straightedge.estimators.module.law import Law
from straightedge.estimators.module.loss import PointLoss
from straightedge.estimators.module.projection import Projection, cut
from straightedge.estimators.module.tape import Answer, Call, Tape, playing
from straightedge.estimators.network.error import InputError


@dataclass(frozen=True)
class Run:
    """One pass."""

    losses: Tensor
    calls: list[Call]


class Whole(nn.Module):
    """Model and loss as one module, so that a loss that looks at the model sees the parameters it is run with."""

    def __init__(self, model: nn.Module, loss: PointLoss):
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, x: Any, y: Any) -> Tensor:
        return self.loss.points(self.model, x, y)


@dataclass(frozen=True, eq=False)
class Program:
    """The module with its own parameters and buffers set aside."""

    whole: Whole
    shapes: dict[str, torch.Size]
    """Parameters that are measured one by one, in the order of theta."""
    fixed: dict[str, Tensor]
    """The other parameters, and the buffers."""
    places: dict[str, str]
    """Where a module looks for a parameter or buffer -> its name; more than one place where it is tied."""
    x: Any
    y: Any
    projection: Projection | None = None
    """Of the parameters that are measured as projections, behind the others in theta."""
    touching: str = ""
    """Why the batch is one unit of credit; empty where points do not touch each other."""
    laws: tuple[Law, ...] = ()
    """Of the sites, in order of call."""
    widths: tuple[int, ...] = ()
    """Units i of the sites."""
    mapped: bool = True
    """Whether torch can map the module over rows."""
    size: int = 1 << 20
    """Bytes that one pass makes."""
    keep: bool = False
    """Whether a pass may change the buffers, and not copies of them."""

    @property
    def points(self) -> int:
        """The number b of units of credit."""
        return 1 if self.touching else count(self.x)

    def parameters(self, theta: Tensor) -> dict[str, Tensor]:
        """Name -> parameter."""
        if self.projection is None:
            return cut(theta, self.shapes)
        single, shift = theta.split([len(theta) - self.projection.count, self.projection.count])
        return cut(single, self.shapes) | self.projection.moved(shift)

    def run(self, theta: Tensor, answer: Answer) -> Run:
        """One pass, its units answered so.  Raises InputError where it calls them otherwise than it did at first."""
        fixed = self.fixed if self.keep else {name: value.clone() for name, value in self.fixed.items()}
        with playing(Tape(answer, bool(self.touching))) as tape:
            values = self.parameters(theta) | fixed
            there = {place: values[name] for place, name in self.places.items()}
            losses = torch.func.functional_call(self.whole, there, (self.x, self.y), tie_weights=False)
        if self.laws and len(tape.calls) != len(self.laws):
            raise InputError(f"the module called {len(tape.calls)} sets of units and {len(self.laws)} at first; expected the same in "
                             "every pass")
        return Run(losses.mean(0, keepdim=True) if self.touching else losses, tape.calls)

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "Program":
        """The same on another device, in another precision."""
        def moved(value: Tensor) -> Tensor:
            return value.to(device, dtype if value.is_floating_point() else value.dtype)

        return replace(self, whole=copy.deepcopy(self.whole).to(device=device, dtype=dtype), x=each(self.x, moved), y=each(self.y, moved),
                       projection=self.projection and self.projection.to(device, dtype),
                       fixed={name: moved(value) for name, value in self.fixed.items()})


def drawn(us: Sequence[Tensor]) -> Answer:
    """States for these uniforms."""
    return lambda index, a, law: law.sample(a, us[index])


def forced(xs: Sequence[Tensor], us: Sequence[Tensor] = ()) -> Answer:
    """These states at the first sites; those behind, from their uniforms `us`, one for every site."""
    return lambda index, a, law: xs[index] if index < len(xs) else law.sample(a, us[index])


def over(rows: Callable[..., tuple[Tensor, ...]], tensors: Sequence[Tensor], mapped: bool, block: int) -> list[Tensor]:
    """What a function of one row's tensors gives for all rows, stacked: mapped block by block, or row by row where it cannot be mapped."""
    n = len(tensors[0])
    one = torch.func.vmap(rows) if mapped else lambda *parts: tuple(map(torch.stack, zip(*(
        rows(*row) for row in zip(*parts, strict=True)), strict=True)))
    parts = [one(*(tensor[start:start + block] for tensor in tensors)) for start in range(0, n, block)]
    return [torch.cat(found) for found in zip(*parts, strict=True)]
