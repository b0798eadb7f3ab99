"""Estimators whose exact moments are not those of their rows."""

from dataclasses import dataclass
from typing import ClassVar

from broken.altered import Altered
from straightedge.estimators.moment.score import ScorePlan


@dataclass(frozen=True)
class Boastful(Altered):
    """Rows are spread by half about their mean, the plan is that of REINFORCE."""

    __doc__ = Altered.__doc__
    meant: ClassVar[str] = "check_moments"
    unbiased: ClassVar[bool] = False

    def alter(self, rows, network, n, rng):
        return 1.5 * rows

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng)

    def plan(self, network):
        return ScorePlan(network)
