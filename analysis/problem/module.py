"""A torch module with stochastic units, its data and its loss, in the place of a problem that makes its own."""

import copy
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import uuid4

from torch import Tensor, nn

from straightedge.analysis.problem.given import Given
from straightedge.analysis.problem.given import from_torch as linear_layers
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.estimators.module.build import module_network
from straightedge.estimators.module.chain import chain_of
from straightedge.estimators.module.network import ModuleNetwork
from straightedge.estimators.module.unit import Unit
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network


@dataclass(frozen=True, eq=False)
class Module(Problem):
    """A module as it was when this was made.  Two are equal where one is the other, or came of it through a worker process."""

    told: ClassVar[tuple[str, ...]] = ("model", "x", "y", "loss", "title", "token")
    model: nn.Module = field(repr=False)
    x: Tensor = field(repr=False)
    y: Tensor = field(repr=False)
    loss: object = field(repr=False)
    title: str = "module"
    token: str = field(default_factory=lambda: uuid4().hex)

    def network(self) -> Network:
        return module_network(self.model, self.x, self.y, self.loss)

    def head(self) -> str:
        network = self.build()
        sites = ", ".join(f"{width} {'shared ' * law.shared}{law.name}" for width, law in
                          zip(network.widths, network.program.laws, strict=True))
        return (f"{self.title}: units {sites}; {len(network.inputs)} points, {len(network.theta)} parameters, "
                f"{'rows mapped' if network.program.mapped else 'row by row, as torch cannot map this module'}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Module) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)

    def values(self) -> dict:
        return {"kind": "Module", "title": self.title, "token": self.token}


def from_torch(model: nn.Module, x: object, y: object, **options: object) -> Problem:
    """The problem of a torch model, its data and its labels: what `measure`, `exact_gradient`, `exact_loss` and `moments` take.

    With stochastic units of this package in it any model; the option `loss` is as in `measure`.  Without them a torch.nn.Sequential of
    Linear layers, between which units are put; options are then those of `network`.

    Raises InputError, saying what would be right, for anything else.
    """
    if not (isinstance(model, nn.Module) and any(isinstance(part, Unit) for part in model.modules())):
        return linear_layers(model, x, y, **options)
    other = [name for name in options if name != "loss"]
    if other:
        raise InputError(f"from_torch: {other[0]} is not taken for a model with units of its own, which have theirs; expected loss alone")
    return module_problem(model, (x, y), options.get("loss", "cross_entropy"))


def module_problem(model: nn.Module, data: object, loss: object) -> Problem:
    """The problem of this model with data (x, y): a chain of layers where it is one, else a module.  Raises InputError."""
    if not (isinstance(data, tuple | list) and len(data) == 2):
        raise InputError("measure: a model needs its data; expected measure(model, (x, y), estimators=.., loss=..)")
    x, y = data
    module = Module(copy.deepcopy(model), x, y, loss, type(model).__name__)
    chain = chain_of(model, x, y, loss) if isinstance(x, Tensor) and isinstance(y, Tensor) else None
    return module if chain is None else Given(chain, type(model).__name__)


def require_suited(estimator: Estimator, network: Network) -> None:
    """Raises Unsuitable where the network is a module and the estimator needs a chain of layers."""
    if isinstance(network, ModuleNetwork) and estimator.chain_only:
        raise Unsuitable(f"{name_of(estimator)} needs {estimator.chain_only}, which a chain of Linear layers and units offers and this "
                         "module does not")
