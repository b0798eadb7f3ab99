"""Estimators broken on purpose while a claim is decided: rows, or rows and moments, times a factor."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from straightedge.estimators.base import Estimator, Rule
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.moment.plan import Plan

FACTORS = (0.0, 0.7)


def break_rows(monkeypatch, kind: type[Estimator], factor: float) -> None:
    """Rows are `factor` times what they should be; moments are not told."""
    owner = next(base for base in kind.__mro__ if "__call__" in vars(base))
    call = vars(owner)["__call__"]
    monkeypatch.setattr(owner, "__call__",
                        lambda self, *arguments: call(self, *arguments) * (factor if type(self) is kind else 1.0))


def break_moments(monkeypatch, kind: type[Estimator], factor: float) -> None:
    """A plan finds `factor` times the mean and its square times the variance."""
    plan = kind.plan
    monkeypatch.setattr(kind, "plan", lambda self, network: told(plan(self, network), factor if type(self) is kind else 1.0))


def told(plan: Plan, factor: float) -> Plan:
    """The plan of these moments, scaled."""
    return Scaled(plan.network, plan, factor)


def planned(kind: type[Estimator]) -> bool:
    """Whether this class has a plan of its own beside its call, and no unit that its moments are found from."""
    return not issubclass(kind, Rule) and any("plan" in vars(base) for base in kind.__mro__ if base is not Estimator)


def break_unit(monkeypatch, kind: type[Rule], factor: float) -> None:
    """The local derivative is `factor` times what it should be; the states are not touched."""
    unit = kind.unit
    monkeypatch.setattr(kind, "unit", lambda self, *arguments: scaled(unit(self, *arguments), factor))


def break_all(monkeypatch, kind: type[Estimator], factor: float) -> None:
    """Rows and moments alike, so that neither contradicts the other."""
    if issubclass(kind, Rule):
        break_unit(monkeypatch, kind, factor)
    if not issubclass(kind, Rule) or "__call__" in vars(kind):
        break_rows(monkeypatch, kind, factor)
    if planned(kind):
        break_moments(monkeypatch, kind, factor)


BREAKAGES: dict[str, Callable] = {"rows": break_rows, "all": break_all, "moments": break_moments}


def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    """x, with `factor` times its derivative."""
    return x.detach() + factor * (x - x.detach())


@dataclass(frozen=True, eq=False)
class Scaled(Plan):
    """A plan whose moments are scaled."""

    plan: Plan
    factor: float

    def cost(self):
        return self.plan.cost()

    def tables(self):
        return self.plan.tables()

    def require(self):
        self.plan.require()

    def __call__(self) -> Moments:
        found = self.plan()
        return Moments(self.factor * found.mean, self.factor**2 * found.variance)
