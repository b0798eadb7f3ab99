"""Problems that say numbers of their own: what their network is worth, whatever estimator is measured on it."""

from abc import abstractmethod
from dataclasses import dataclass

from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.problem.problem import Problem


@dataclass(frozen=True)
class Scored(Problem):
    """A problem with scores."""

    @abstractmethod
    def scores(self) -> dict[str, Estimate]:
        """Name of the metric -> its value, exact or with error and interval."""
