"""A cell that is a course of training: what is measured is where it leads, not an estimate's accuracy."""

from abc import abstractmethod
from dataclasses import dataclass

import pandas as pd

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.choice import Method
from straightedge.analysis.problem.listener import Listener
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Rule
from straightedge.estimators.network.error import InputError, Unsuitable

Found = dict[str, dict[str, float]]
"""Group -> metric -> value: `all` is the end of the course, `step..` a moment of it with the same metrics."""


@dataclass(frozen=True)
class Task(Problem):
    """What is learned, and how: plain values; the rule comes with the cell."""

    @abstractmethod
    def learn(self, rule: Rule, seeds: int, report: Listener) -> list[Found]:
        """Trains so many times, from independent initial weights and noise; `report` is told of steps.  A function of the values, the rule
        and the number of seeds."""

    def network(self):
        raise Unsuitable(f"{self.name}: a course of training; expected a network to measure")


@dataclass(frozen=True)
class Lesson(Cell):
    """One rule on one task; `rows` are the steps of a course, `seeds` independent courses.

    A short course is its own checkpoint: the cell is stored when its seeds are done.  A long one keeps checkpoints of its own."""

    method: Method = "sampled"

    def modules(self):
        return __name__, *sorted({type(self.problem).__module__, type(self.estimator).__module__, *self.problem.makers()})

    def records(self, report: Listener) -> pd.DataFrame:
        """A line for each group, metric and seed.  Raises InputError where there is nothing to train by."""
        if not isinstance(self.problem, Task) or not isinstance(self.estimator, Rule):
            raise InputError(f"{type(self.estimator).__name__} on {self.problem.name}: expected a rule for a task to learn, such as "
                             "straight_through")
        return pd.DataFrame([
            {"group": group, "metric": metric, "draws": 1, "seed": seed, "method": "sampled", "rows": self.rows, "value": value,
             "error": None, "low": None, "high": None}
            for seed, found in enumerate(self.problem.learn(self.estimator, self.seeds, report)) for group, metrics in found.items()
            for metric, value in metrics.items()])
