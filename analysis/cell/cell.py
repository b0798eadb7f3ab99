"""Cell: one pure unit of work, (problem, estimator, rows, seeds); all its randomness comes from the seeds."""

from dataclasses import asdict, dataclass
from typing import Annotated, TypeVar

import tyro

from straightedge.analysis.cell.choice import Method, Precision
from straightedge.analysis.cell.until import Until
from straightedge.analysis.problem.problem import Problem
from straightedge.analysis.store.key import key
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import name_of

T = TypeVar("T")
Suppressed = Annotated[T, tyro.conf.Suppress]
"""A field of a study's Config that the command line does not show."""


@dataclass(frozen=True)
class Reference:
    """A long run of an unbiased estimator in the place of the exact gradient, for networks too wide for exact tables."""

    estimator: Estimator
    rows: int = 100_000
    share: float = 0.0
    """The run ends before, as soon as its error is below this part of the gradient's length."""


@dataclass(frozen=True)
class Cell:
    """One estimator on one problem.  `seeds` independent replicates of `rows` estimates each; seeds are shared by all cells, so
    that differences between estimators are paired."""

    problem: Problem
    estimator: Estimator
    rows: int = 10_000
    seeds: int = 10
    draws: tuple[int, ...] = (1,)
    method: Method = "auto"
    """auto takes bias and variance from exact moments where the estimator has them, and samples the rest."""
    device: str = "cpu"
    precision: Precision = "float64"
    until: Until | None = None
    reference: Reference | None = None

    def values(self) -> dict:
        """The plain values of this cell; equal values and equal code give equal records."""
        return {"problem": self.problem.values(), "estimator": name_of(self.estimator), "hyper": asdict(self.estimator),
                "rows": self.rows, "seeds": self.seeds, "draws": self.draws, "method": self.method, "device": self.device,
                "precision": self.precision, "until": self.until and asdict(self.until),
                "reference": self.reference and [name_of(self.reference.estimator), asdict(self.reference)]}

    def key(self) -> str:
        """The name of this cell's result."""
        return key(self.values(), self.modules())

    def modules(self) -> tuple[str, ...]:
        """The modules whose code, with all that they import, can change a number of this cell."""
        modules = {type(self.problem).__module__, type(self.estimator).__module__, *self.problem.makers()}
        modules |= {type(self.reference.estimator).__module__} if self.reference else set()
        return "straightedge.analysis.cell.measure", *sorted(modules)


