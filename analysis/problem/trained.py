"""Problems whose network is where a course of training leads."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from straightedge.analysis.problem.problem import Problem
from straightedge.analysis.store.key import key


@dataclass(frozen=True)
class Trained(Problem):
    """A problem with a course; `trainer` and `steps` are fields of its."""

    prefix: ClassVar[str]
    """What the names of its checkpoints begin with."""

    @property
    @abstractmethod
    def trainer(self) -> str:
        """An estimator by name."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """The length of the course."""

    def makers(self):
        return (f"straightedge.estimators.{self.trainer.partition(':')[0]}",)

    def course(self) -> tuple[str, dict]:
        """(the name of the checkpoints, the plain values of the course), the same for all numbers of steps."""
        values = {name: value for name, value in self.values().items() if name not in ("steps", "correction")}
        code = key(values, (type(self).__module__, *self.makers()))
        return f"{self.prefix}-{code}", values | {"code": code}
