"""The cells of a measurement: what cannot be measured is refused before the first row."""

import sys
from collections.abc import Callable
from functools import partial

from straightedge.analysis.cell.cell import Cell, Reference
from straightedge.analysis.cell.measure import PRECISION
from straightedge.analysis.cell.memory import require_memory
from straightedge.analysis.cell.reference import SHARE, quickest
from straightedge.analysis.cell.until import Until
from straightedge.analysis.problem.module import require_suited
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.apart import ending
from straightedge.estimators.catalogue.spelling import estimator_of, name_of
from straightedge.estimators.moment.exact import available
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.truth import exact_cost, require_exact
from straightedge.experiments.runner.spread import own
from straightedge.settings import Settings


def plan(problem: Problem, estimators: list[Estimator], settings: Settings) -> list[Cell]:
    """One cell an estimator.  Raises InputError where the network, or an estimator on it, cannot be measured."""
    until = Until.parse(settings.until, settings.max_rows, settings.max_seconds) if settings.until is not None else None
    if settings.against is not None and estimator_of(settings.against) not in estimators:
        raise InputError(f"against: {settings.against} is not measured; expected one of the estimators that are")
    network = problem.build()
    drawn = network.to(settings.device, PRECISION[settings.precision])
    reference = referred(network, settings) if settings.reference else None
    if reference:
        require_memory(drawn, reference.estimator, settings.memory << 20)
    else:
        announce(network)
    for one in estimators:
        asked = partial(ask, one, network, drawn, settings)
        if own(one) or not ending(partial(quietly, asked)):  # else its cell will say so, and alone
            asked()
    return [Cell(problem, one, settings.rows, settings.seeds, tuple(dict.fromkeys(settings.draws)), settings.method, settings.device,
                 settings.precision, until, reference) for one in estimators]


def quietly(asked: Callable[[], None]) -> None:
    """The same in a process of its own, whose output is the terminal's: a notebook's needs threads that are not there."""
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    asked()


def ask(estimator: Estimator, network: Network, drawn: Network, settings: Settings) -> None:
    """Asks an estimator whether it can be measured.  Raises InputError where it cannot."""
    require_suited(estimator, network)
    suited(estimator, network, settings)
    if settings.method != "exact":
        require_memory(drawn, estimator, settings.memory << 20)


def referred(network: Network, settings: Settings) -> Reference:
    """The run in the place of the exact gradient."""
    auto, name = settings.reference == "auto", settings.reference or ""
    estimator = quickest(network) if auto else estimator_of(name)
    if not estimator.unbiased:
        raise InputError(f"reference: {name} is biased; expected an unbiased estimator such as reinforce or arm, or auto")
    require_suited(estimator, network)
    share = settings.reference_error or (SHARE if auto else 0.0)
    return Reference(estimator, settings.reference_rows, share)


def suited(estimator: Estimator, network: Network, settings: Settings) -> None:
    """Raises InputError where an estimator cannot be measured on this network, in this way."""
    try:
        estimator.check(network)
        exact = settings.method == "auto" or available(estimator, network)
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException:  # somebody's own code: its cell will say so, and alone
        return
    if settings.method == "exact" and not exact:
        raise InputError(f"{name_of(estimator)} has no exact moments on this network; use method auto or sampled")


def announce(network: Network) -> None:
    """Refuses what does not fit; says what the exact gradient will cost where that is more than a moment."""
    try:
        require_exact(network)
    except Unsuitable as error:
        raise Unsuitable(f"{error}; or give a reference: auto, or one such as reinforce:baseline=leave_one_out,samples=2") from None
    needed = exact_cost(network)
    if needed.operations > 1e10:
        print(f"the exact gradient takes {needed}", file=sys.stderr)
