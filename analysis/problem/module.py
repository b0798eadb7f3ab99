"""A torch module with stochastic units, its data and its loss, in the place of a problem that makes its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from torch import Tensor, nn

from straightedge.analysis.problem.given import Given
from straightedge.analysis.problem.given import from_torch as linear_layers
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import name_of
from straightedge.estimators.module.build import copied, module_network
from straightedge.estimators.module.chain import chain_of
from straightedge.estimators.module.data import count
from straightedge.estimators.module.network import ModuleNetwork
from straightedge.estimators.module.program import Program
from straightedge.estimators.module.unit import Unit
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network

OPTIONS = ("loss", "parameters", "projections")
WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


@dataclass(frozen=True, eq=False)
class Module(Problem):
    """A module as it was when this was made.  Two are equal where one is the other, or came of it through a worker process."""

    told: ClassVar[tuple[str, ...]] = ("model", "x", "y", "loss", "parameters", "projections", "title", "token")
    model: nn.Module = field(repr=False)
    x: Any = field(repr=False)
    y: Any = field(repr=False)
    loss: object = field(repr=False)
    title: str = "module"  # type: ignore[misc]
    parameters: tuple[str, ...] | None = None
    projections: int = 0
    token: str = field(default_factory=lambda: uuid4().hex)

    def network(self) -> ModuleNetwork:
        return module_network(self.model, self.x, self.y, self.loss, self.parameters, self.projections)

    @property
    def program(self) -> Program:
        """The module as it is run."""
        network = self.build()
        assert isinstance(network, ModuleNetwork)
        return network.program

    def head(self) -> str:
        program, projection = self.program, self.program.projection
        sites = ", ".join(f"{width} {'shared ' * law.shared}{law.name}" for width, law in zip(program.widths, program.laws, strict=True))
        single = sum(shape.numel() for shape in program.shapes.values())
        parameters = [f"{single} parameters"] * (single > 0 or projection is None)
        parameters += [f"{projection.count} random projections of {len(projection.values)} parameters"] if projection else []
        credit = f", the batch one unit of credit, as {program.touching}" if program.touching else ""
        return (f"{self.title}: units {sites}; {count(self.x)} points{credit}, {' and '.join(parameters)}, "
                f"{'rows mapped' if program.mapped else 'row by row, as torch cannot map this module'}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Module) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)

    def values(self) -> dict:
        return {"kind": "Module", "title": self.title, "token": self.token}


def from_torch(model: nn.Module, x: Any, y: Any, **options: Any) -> Problem:
    """The problem of a torch model, its data and its labels: what `measure`, `exact_gradient`, `exact_loss` and `moments` take.

    With stochastic units of this package in it any model; the options `loss`, `parameters`, `projections` are as in `measure`.  Without
    them a torch.nn.Sequential of Linear layers, between which units are put; options are then those of `network`.

    Raises InputError, saying what would be right, for anything else.
    """
    if not (isinstance(model, nn.Module) and any(isinstance(part, Unit) for part in model.modules())):
        return linear_layers(model, x, y, **options)
    other = [name for name in options if name not in OPTIONS]
    if other:
        raise InputError(f"from_torch: {other[0]} is not taken for a model with units of its own, which have theirs; expected "
                         f"{', '.join(OPTIONS)}")
    return module_problem(model, (x, y), **options)


def module_problem(model: nn.Module, data: object, loss: object = "cross_entropy", parameters: Sequence[str] | None = None,
                   projections: int = 0) -> Problem:
    """The problem of this model with data (x, y): a chain of layers where it is one, else a module.  Raises InputError."""
    if not (isinstance(data, tuple | list) and len(data) == 2):
        raise InputError("measure: a model needs its data; expected measure(model, (x, y), estimators=.., loss=..)")
    x, y = data
    model = bare(model)
    whole = parameters is None and projections == 0
    chain = chain_of(model, x, y, loss) if whole and isinstance(x, Tensor) and isinstance(y, Tensor) else None
    if chain is not None:
        return Given(chain, type(model).__name__)
    names = None if parameters is None else (parameters,) if isinstance(parameters, str) else tuple(parameters)
    return Module(copied(model), x, y, loss, type(model).__name__, names, projections)


def bare(model: nn.Module) -> nn.Module:
    """The module inside what torch wraps around it to compile it or to run it on several devices."""
    while True:
        inner = getattr(model, "_orig_mod", None) or (model.module if isinstance(model, WRAPPERS) else None)
        if inner is None:
            return model
        model = inner


def require_suited(estimator: Estimator, network: Network) -> None:
    """Raises Unsuitable where the network is a module and the estimator needs a chain of layers."""
    if isinstance(network, ModuleNetwork) and estimator.chain_only:
        raise Unsuitable(f"{name_of(estimator)} needs {estimator.chain_only}, which a chain of Linear layers and units offers and this "
                         "module does not")
