"""Problems: plain values that describe a network, its data and its loss; `.build()` gives the Network.

A problem is hashable, picklable and JSON-able, so that it can be a column, a key and an argument of a worker process.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import ClassVar

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import Network

WORDS = {"points": "{} points", "units": "{} units", "inputs": "{} inputs", "noise": "{} noise", "loss": "{} loss", "states": "states {}",
         "trainer": "trained by {}", "rate": "rate {:g}", "scale": "scale {:g}", "shape": "{}", "reduction": "{}",
         "optimizer": "{}", "decay": "decaying", "passes": "{} passes a step"}
"""What a problem's name says of a field; of the others, their name and value."""


class ProblemError(InputError):
    """The problem cannot be built; the message says what would be right."""


@dataclass(frozen=True)
class Problem(ABC):
    """What is measured; fields are plain values."""

    @abstractmethod
    def network(self) -> Network:
        """The network, float64 on the CPU, made anew."""

    told: ClassVar[tuple[str, ...]] = ()
    """The fields that the title tells."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in few words."""

    @property
    def name(self) -> str:
        """The label, the value of the column `problem`: the title and every other field that differs from its default."""
        changed = [WORDS.get(field.name, f"{field.name} {{}}").format(vars(self)[field.name]) for field in fields(self)
                   if field.name not in self.told and vars(self)[field.name] != field.default]
        return ", ".join([self.title, *changed])

    def build(self) -> Network:
        """The network, remembered by this process."""
        return _build(self)

    def head(self) -> str:
        """What it is, in a line: the network, the data and the loss."""
        network = self.build()
        return (f"{self.name}: widths {'-'.join(map(str, network.widths))}, {len(network.inputs)} points, "
                f"{type(network.noise).__name__.lower()} noise, states {network.states[0]:g} and {network.states[1]:g}, "
                f"{type(network.loss).__name__}")

    def makers(self) -> tuple[str, ...]:
        """Modules beside its own whose code the network depends on."""
        return ()

    def values(self) -> dict:
        """The plain values that make this problem, its kind first."""
        return {"kind": type(self).__name__, **asdict(self)}


@lru_cache(maxsize=64)
def _build(problem: Problem) -> Network:
    return problem.network()


def forget_built() -> None:
    """Lets go of the networks that are remembered."""
    _build.cache_clear()


