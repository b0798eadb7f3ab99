"""`measure`: accuracies of estimators on one network, as one result."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from straightedge.analysis.accuracy.summary import summary
from straightedge.analysis.cell.choice import Method, Precision
from straightedge.analysis.cell.paired import paired
from straightedge.analysis.cell.table import table
from straightedge.analysis.problem.archive import Archive
from straightedge.analysis.problem.choice import NoiseName, States
from straightedge.analysis.problem.given import Given
from straightedge.analysis.problem.module import Module, module_problem
from straightedge.analysis.problem.problem import Problem
from straightedge.analysis.store.place import shown
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of, estimators_of, label_of
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network
from straightedge.experiments.runner.fault import told
from straightedge.experiments.runner.provenance import Origin
from straightedge.experiments.runner.provenance import summary as summary_of
from straightedge.experiments.runner.run import run_cells
from straightedge.plan import plan
from straightedge.result import Result
from straightedge.settings import Backend, Settings

MEASURED = "measured"


def measure(network: Network | Problem | str | Path | nn.Module, given: object = None, /, estimators: Any = None, *, rows: int = 10_000,
            seeds: int = 10, draws: int | Sequence[int] = 1, method: Method = "auto", until: str | None = None, max_rows: int = 1_000_000,
            max_seconds: float | int = 300.0, against: str | None = None, reference: str | None = None, reference_rows: int = 100_000,
             reference_error: float | int | None = None, states: States = "+-1", noise: NoiseName = "logistic",
             loss: Any = "cross_entropy", device: str = "cpu", precision: Precision = "float64", memory: int = 256, jobs: int | None = None,
             cell_timeout: float | int | None = None, backend: Backend = "processes", scheduler: str | None = None,
             results: str | Path | None = None, parameters: Sequence[str] | None = None, projections: int = 0) -> Result:
    """Bias, variance, RMSE and direction of estimators against the exact gradient, layer by layer.

        measure(network, estimators)                            measure(model, (x, y), estimators=.., loss=..)

    network     what `network` or `from_torch` gave, a problem of the package, or the path of a file
    model       a torch module with stochastic units; in its own mode, so mostly after model.eval(): units are sampled all the same
    x, y        its data and labels, the data points along the first axis: tensors, or tuples and dicts of them, with which the model is
                called as model(*x) or model(**x)
    estimators  names with hyper-parameters as in 'reinforce:baseline=leave_one_out,samples=4', sweeps as in 'st_gumbel:tau=0.1,0.5', or
                estimators themselves
    rows, seeds estimates of each seed, and independent replicates
    draws       numbers M of estimates averaged, for rmse and cosine
    states, noise, loss  of the network, where it is a file: they are not part of it
    loss        of a model: loss(output, y) or loss(model, x, y), one loss a point or a mean of torch's
    parameters  of a model: names of parameters or submodules, those measured one by one; all that need a gradient if not given
    projections number of random directions in which the model's other parameters, or all, are measured together, as the group `projected`
    and the others as the fields of straightedge.settings.Settings say

    Raises InputError, in one sentence, for what cannot be measured.  An estimator that fails loses itself alone: the others are in the
    table, and the result's `failures` name it; Failed is raised where none is left.
    """
    counts = (draws,) if isinstance(draws, int) else tuple(draws)
    seconds, error = (None if value is None else float(value) for value in (cell_timeout, reference_error))
    settings = Settings(rows, counts, seeds, method, until, max_rows, float(max_seconds), against, reference, reference_rows, error, device,
                        precision, memory, jobs, seconds, backend, scheduler, Path(results) if results else None)
    settings.check()
    if not isinstance(network, nn.Module):
        if given is not None and estimators is not None:
            raise InputError("measure: data and estimators, but no torch module; expected measure(network, estimators)")
        given, estimators = None, given if estimators is None else estimators
    return perform(problem_of(network, given, loss, states, noise, parameters, projections), chosen(estimators), settings)


def problem_of(network: Network | Problem | str | Path | nn.Module, data: object, loss: Any, states: States = "+-1",
               noise: NoiseName = "logistic", parameters: Sequence[str] | None = None, projections: int = 0) -> Problem:
    """The problem that is meant: of a torch module with its data, of a network, of a file, or itself."""
    if isinstance(network, nn.Module):
        return module_problem(network, data, loss, parameters, projections)
    if parameters is not None or projections:
        raise InputError("measure: parameters and projections are of a torch module; a chain's layers are all measured")
    if isinstance(network, Network):
        return Given(network)
    return network if isinstance(network, Problem) else Archive(str(network), states, noise, loss)


def chosen(estimators: Any) -> list[Estimator]:
    """The estimators of this name, object, or list of such, each once."""
    given = [estimators] if isinstance(estimators, str | Estimator) else list(estimators or ())
    found = [one for part in given for one in ([part] if isinstance(part, Estimator) else estimators_of(part))]
    if not found:
        raise InputError("estimators: expected at least one name; straightedge.estimators() lists them")
    return list(dict.fromkeys(found))


def perform(problem: Problem, estimators: list[Estimator], settings: Settings, verbose: bool = False) -> Result:
    """The result, from checked settings; of the estimators that can be measured, where others fail.  Raises Failed where all do."""
    cells = plan(problem, estimators, settings)
    folder = kept(problem, settings)
    ran = run_cells(cells, settings.jobs, folder, settings.cell_timeout, settings.scheduler, verbose)
    records, cells = ran.records, [cell for cell in cells if cell in ran.records]
    if not records:
        ran.check()
    if ran.read and folder:
        print(f"{ran.read} of {len(records)} estimators read from {shown(folder)}", file=sys.stderr)
    whose = [cell.estimator for cell in cells for _ in range(len(summary(records[cell])))]
    frame = named(table(cells, records).drop(columns="problem"), whose)
    if isinstance(problem, Module):
        frame["mapped"] = problem.program.mapped
    if settings.until:
        frame["ended"] = [ended for cell in cells for ended in [records[cell].ended.iloc[0]] * len(summary(records[cell]))]
    against = estimator_of(settings.against) if settings.against else None
    if against in [cell.estimator for cell in cells]:
        frame = pd.concat([frame, paired(cells, records, against)], ignore_index=True)
    failures = tuple(told(cell, found) for cell, found in ran.faults.items())
    run = cells[0].reference
    return Result(problem, frame, settings.seeds, settings.rows, failures, "" if run is None else label_of(run.estimator),
                  summary_of(f"{cells[0].values()['problem']}, {settings}", {cell.key(): Origin.of(ran.metadata[cell]) for cell in cells}))


def named(frame: pd.DataFrame, estimators: Sequence[Estimator]) -> pd.DataFrame:
    """The table, the estimator of each row given, in which classes typed at a prompt, whose file has no name, have their own."""
    for kind in {type(one) for one in estimators if type(one).__module__ == "__main__"}:
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()
        rows = [type(one) is kind for one in estimators]
        frame.loc[rows, "estimator"] = name
        frame.loc[rows, "label"] = frame.label[rows].str.replace("__main__", name, regex=False)
    return frame


def kept(problem: Problem, settings: Settings) -> Path | None:
    """The folder of stored results, if any: a loss that is a function has no values to be known by."""
    nameless = isinstance(problem, Given) and isinstance(problem.given.loss, StateFunction)
    return None if settings.results is None or nameless or isinstance(problem, Module) else settings.results / MEASURED
