"""Problems: plain values that describe a network, its data and its loss; `.build()` gives the Network.

A problem is hashable, picklable and JSON-able, so that it can be a column, a key and an argument of a worker process.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import BITS, SIGNS, Network

States = Literal["01", "+-1"]
NoiseName = Literal["logistic", "logistic2", "uniform", "triangular", "normal"]
LossName = Literal["cross_entropy", "logistic", "squared_error"]
STATES = {"01": BITS, "+-1": SIGNS}


class ProblemError(InputError):
    """The problem cannot be built; the message says what would be right."""


@dataclass(frozen=True)
class Problem(ABC):
    """What is measured; fields are plain values."""

    @abstractmethod
    def network(self) -> Network:
        """The network, float64 on the CPU, made anew."""

    @property
    @abstractmethod
    def name(self) -> str:
        """A short label, the value of the column `problem`."""

    def build(self) -> Network:
        """The network, remembered by this process."""
        return _build(self)

    def values(self) -> dict:
        """The plain values that make this problem, its kind first."""
        return {"kind": type(self).__name__, **asdict(self)}


@lru_cache(maxsize=64)
def _build(problem: Problem) -> Network:
    return problem.network()


