"""Free form: a straight-through rule whose derivative is a table, read off by how likely a unit was to be in its state."""

from dataclasses import dataclass
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
    logs: tuple[float, ...] = (0.74, 0.73, 0.26, 0.46, 0.21, 0.15, 0.15, -0.12, -0.86, -1.05, -0.39, -0.81, -1.04)
    """s at the margins, in nats; by default those found for the mean of ten estimates on trained networks."""
    margins: tuple[float, ...] = MARGINS
    """Log-odds of the unit's own state, from the rarest on."""

    def __post_init__(self):
        if len(self.logs) != len(self.margins) or len(self.margins) < 2 or list(self.margins) != sorted(set(self.margins)):
            raise InputError(f"free_form: {len(self.logs)} logs at {len(self.margins)} margins; expected as many, two or more, margins "
                             "that rise")

    def unit(self, a, u, noise):
        fixed = a.detach()
        x = hard(fixed, u, noise)
        margins, logs = (torch.tensor(part, dtype=a.dtype, device=a.device) for part in (self.margins, self.logs))
        top = noise.density(fixed.new_zeros(()))
        return with_slope(x, a, 2 * top * interpolated(x * margin(fixed, noise), margins, logs).exp())
