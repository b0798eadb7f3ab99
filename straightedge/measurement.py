"""`measure`: accuracies of estimators on one network, as one result."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from straightedge.analysis.accuracy.summary import summary
from straightedge.analysis.cell.paired import paired
from straightedge.analysis.cell.table import table
from straightedge.analysis.problem.archive import Archive
from straightedge.analysis.problem.given import Given
from straightedge.analysis.problem.problem import LossName, NoiseName, Problem, States
from straightedge.analysis.store.place import shown
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of, estimators_of
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network
from straightedge.experiments.runner.fault import told
from straightedge.experiments.runner.run import run_cells
from straightedge.plan import plan
from straightedge.result import Result
from straightedge.setting import Settings

MEASURED = "measured"


def measure(network: Network | Problem | str | Path, estimators: str | Estimator | Sequence[str | Estimator], *, states: States = "+-1",
            noise: NoiseName = "logistic", loss: LossName = "cross_entropy", **settings: object) -> Result:
    """Bias, variance, RMSE and direction of estimators against the exact gradient, layer by layer.

    network     what `network` or `from_torch` gave, a problem of the package, or the path of a file
    estimators  names with hyper-parameters as in 'reinforce:baseline=leave_one_out,samples=4', sweeps as in 'st_gumbel:tau=0.1,0.5', or
                estimators themselves
    states, noise, loss  of the network, where it is a file: they are not part of it
    settings    rows, draws, seeds, method, until, max_rows, max_seconds, against, reference, reference_rows, device, precision, memory,
                jobs, cell_timeout, results: as the fields of Settings, which say what each is

    Raises InputError, in one sentence, for what cannot be measured.  An estimator that fails loses itself alone: the others are in the
    table, and the result's `failures` name it; Failed is raised where none is left.
    """
    unknown = [name for name in settings if name not in Settings.__dataclass_fields__]
    if unknown:
        raise InputError(f"measure: unknown setting {unknown[0]!r}; expected one of {', '.join(Settings.__dataclass_fields__)}")
    if isinstance(settings.get("draws"), int):
        settings["draws"] = (settings["draws"],)
    options = Settings(**settings)
    options.check()
    if isinstance(network, Network):
        problem: Problem = Given(network)
    elif isinstance(network, Problem):
        problem = network
    else:
        problem = Archive(str(network), states, noise, loss)
    return perform(problem, chosen(estimators), options)


def chosen(estimators: str | Estimator | Sequence[str | Estimator]) -> list[Estimator]:
    """The estimators of these names and objects, each once."""
    given = [estimators] if isinstance(estimators, str | Estimator) else list(estimators)
    found = [one for part in given for one in ([part] if isinstance(part, Estimator) else estimators_of(part))]
    if not found:
        raise InputError("estimators: expected at least one name; straightedge.estimators() lists them")
    return list(dict.fromkeys(found))


def perform(problem: Problem, estimators: list[Estimator], settings: Settings) -> Result:
    """The result, from checked settings; of the estimators that can be measured, where others fail.  Raises Failed where all do."""
    cells = plan(problem, estimators, settings)
    ran = run_cells(cells, settings.jobs, kept(problem, settings), settings.cell_timeout)
    records, cells = ran.records, [cell for cell in cells if cell in ran.records]
    if not records:
        ran.check()
    if ran.read:
        print(f"{ran.read} of {len(records)} estimators read from {shown(settings.results / MEASURED)}", file=sys.stderr)
    frame = table(cells, records).drop(columns="problem")
    if settings.until:
        frame["ended"] = [ended for cell in cells for ended in [records[cell].ended.iloc[0]] * len(summary(records[cell]))]
    against = estimator_of(settings.against) if settings.against else None
    if against in [cell.estimator for cell in cells]:
        frame = pd.concat([frame, paired(cells, records, against)], ignore_index=True)
    return Result(problem, frame, settings.seeds, settings.rows, tuple(told(cell, found) for cell, found in ran.faults.items()))


def kept(problem: Problem, settings: Settings) -> Path | None:
    """The folder of stored results, if any: a loss that is a function has no values to be known by."""
    nameless = isinstance(problem, Given) and isinstance(problem.given.loss, StateFunction)
    return None if settings.results is None or nameless else settings.results / MEASURED
