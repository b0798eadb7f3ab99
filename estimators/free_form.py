"""Free form: a straight-through rule whose derivative is a table, read off by how likely a unit was to be in its state."""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import torch

from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.margin import MARGINS, interpolated, margin
from straightedge.estimators.network.unit import hard, with_slope


@dataclass(frozen=True)
class FreeForm(Rule):
    """Free form: the derivative c(a, x) of a symmetric rule as a table, what `straightedge search` finds by exact moments.

    A rule that treats both states alike and knows a unit's a and x alone is one function of t, the log-odds of the state that the unit is
    in: straight-through, ZGR, the identity and tempered straight-through are such functions, and this is any.

    By      d x / d a := span F'(0) exp(s(t)),  t = log P(x | a) / (1 - P(x | a)),  s linear between the margins and constant beyond them
    Needs   the loss differentiable in x
    Bias    yes
    Cost    1 forward, 1 backward
    Paper   this package 2026, docs/tempered.md
    """

    marker: ClassVar[str] = "d"
    logs: str = "0.74/0.73/0.26/0.46/0.21/0.15/0.15/-0.12/-0.86/-1.05/-0.39/-0.81/-1.04"
    """s in nats where the log-odds of the unit's own state are -9, -6, -4, -2.5, -1.5, -0.75, 0 and so on to 9; by default
    for the mean of ten estimates on trained networks."""

    def __post_init__(self):
        try:
            found = self.values
        except ValueError:
            found = ()
        if len(found) != len(MARGINS) or not all(map(isfinite, found)):
            raise InputError(f"free_form: logs = {self.logs!r}; expected {len(MARGINS)} numbers with a / between two")

    @property
    def values(self) -> tuple[float, ...]:
        """s at the margins."""
        return tuple(map(float, self.logs.split("/")))

    def unit(self, a, u, noise):
        fixed = a.detach()
        x = hard(fixed, u, noise)
        margins, logs = (torch.tensor(part, dtype=a.dtype, device=a.device) for part in (MARGINS, self.values))
        top = noise.density(fixed.new_zeros(()))
        return with_slope(x, a, 2 * top * interpolated(x * margin(fixed, noise), margins, logs).exp())
