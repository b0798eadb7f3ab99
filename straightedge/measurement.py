"""`measure`: accuracies of estimators on one network, as one result."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from straightedge.analysis.accuracy.summary import summary
from straightedge.analysis.cell.cell import Cell, Method, Precision, Reference
from straightedge.analysis.cell.measure import PRECISION
from straightedge.analysis.cell.paired import paired
from straightedge.analysis.cell.sampling import chunk_rows
from straightedge.analysis.cell.table import table
from straightedge.analysis.cell.until import Until
from straightedge.analysis.problem.archive import Archive
from straightedge.analysis.problem.given import Given
from straightedge.analysis.problem.problem import LossName, NoiseName, Problem, States
from straightedge.analysis.store.place import shown
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of, estimators_of, name_of
from straightedge.estimators.moment.exact import available
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_cost, require_exact
from straightedge.experiments.runner.fault import told
from straightedge.experiments.runner.run import run_cells
from straightedge.result import Result

MEASURED = "measured"


@dataclass(frozen=True)
class Settings:
    """How estimators are measured."""

    rows: int = 10_000
    """Estimates of each seed."""
    draws: tuple[int, ...] = (1,)
    """Numbers M of estimates averaged, for rmse and cosine."""
    seeds: int = 10
    """Independent replicates; their spread gives the errors."""
    method: Method = "auto"
    """auto: exact moments where the estimator has them; sampled: never; exact: nothing else."""
    until: str | None = None
    """Adds rows until a 95 % interval is tight: 'bias 1%%', 'cosine 0.01', 'rmse 2%%', 'along 0.01', 'descent 0.01'."""
    max_rows: int = 1_000_000
    """Ceiling of `until`, rows of each seed."""
    max_seconds: float = 300.0
    """Ceiling of `until`, seconds for each estimator."""
    against: str | None = None
    """One of the estimators: adds the differences of the others' errors from its errors, paired by seed."""
    reference: str | None = None
    """For a network too wide for exact tables: an unbiased estimator whose long run takes the exact gradient's place."""
    reference_rows: int = 100_000
    """Estimates of that run; its own error is subtracted wherever a square of it enters."""
    device: str = "cpu"
    """Where rows are drawn: cpu, cuda, cuda:1."""
    precision: Precision = "float64"
    """Of the rows; the exact gradient and the statistics are float64 always."""
    memory: int = 128
    """MiB for one chunk of rows."""
    jobs: int | None = None
    """Processes; all cores if not given."""
    cell_timeout: float | None = None
    """Seconds that one estimator may take; it is then stopped and named, and the others go on."""
    results: Path | None = None
    """A folder that keeps each estimator's numbers as soon as they are there; the same measurement goes on from them."""

    def check(self) -> None:
        """Raises InputError, naming the first setting that cannot be."""
        least = {"rows": 2, "seeds": 1, "memory": 1, "max_rows": 2, "reference_rows": 2} | ({} if self.jobs is None else {"jobs": 1})
        for name, low in least.items():
            value = vars(self)[name]
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise InputError(f"{name}: expected a whole number from {low}, got {value!r}")
        if not self.max_seconds > 0:
            raise InputError(f"max_seconds: expected a positive number, got {self.max_seconds!r}")
        if self.cell_timeout is not None and not 0 < self.cell_timeout < float("inf"):
            raise InputError(f"cell_timeout: expected a positive number of seconds, got {self.cell_timeout!r}")
        if not self.draws or min(self.draws) < 1 or max(self.draws) > self.rows:
            raise InputError(f"draws: expected whole numbers from 1 to the number of rows, {self.rows}, got "
                             f"{' '.join(map(str, self.draws)) or 'none'}")
        if self.until is not None and self.seeds < 2:
            raise InputError("until: expected two seeds or more, whose spread gives the interval")
        if self.reference is not None and self.method == "exact":
            raise InputError("reference: a sampled reference goes with method auto or sampled, not with exact")
        device(self.device)


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


def plan(problem: Problem, estimators: list[Estimator], settings: Settings) -> list[Cell]:
    """One cell an estimator.  Raises InputError where the network, or an estimator on it, cannot be measured."""
    until = Until.parse(settings.until, settings.max_rows, settings.max_seconds) if settings.until is not None else None
    if settings.against is not None and estimator_of(settings.against) not in estimators:
        raise InputError(f"against: {settings.against} is not measured; expected one of the estimators that are")
    reference = Reference(estimator_of(settings.reference), settings.reference_rows) if settings.reference else None
    if reference and not reference.estimator.unbiased:
        raise InputError(f"reference: {settings.reference} is biased; expected an unbiased estimator such as reinforce or arm")
    network = problem.build()
    if not reference:
        announce(network)
    for one in estimators:
        suited(one, network, settings)
    return [Cell(problem, one, settings.rows, settings.seeds, tuple(dict.fromkeys(settings.draws)), settings.method, settings.device,
                 settings.precision, settings.memory, until, reference) for one in estimators]


def suited(estimator: Estimator, network: Network, settings: Settings) -> None:
    """Raises InputError where an estimator cannot be measured on this network, in this way, with this memory."""
    try:
        estimator.check(network)
        exact = settings.method == "auto" or available(estimator, network)
    except (InputError, KeyboardInterrupt):
        raise
    except BaseException:  # somebody's own code: its cell will say so, and alone
        return
    if settings.method == "exact" and not exact:
        raise InputError(f"{name_of(estimator)} has no exact moments on this network; use method auto or sampled")
    if settings.method != "exact":
        samples = vars(estimator).get("samples", 1)
        chunk_rows(network.to("cpu", PRECISION[settings.precision]), settings.memory << 20, samples if isinstance(samples, int) else 1)


def announce(network: Network) -> None:
    """Refuses what does not fit; says what the exact gradient will cost where that is more than a moment."""
    try:
        require_exact(network)
    except Unsuitable as error:
        raise Unsuitable(f"{error}; or give a reference such as reinforce:baseline=leave_one_out,samples=2") from None
    needed = exact_cost(network)
    if needed.operations > 1e10:
        print(f"the exact gradient takes {needed}", file=sys.stderr)


def device(name: str) -> None:
    """Refuses a device that is not there, or that holds no numbers."""
    try:
        there = torch.zeros(1, device=name).cpu().item() == 0
    except (RuntimeError, AssertionError, NotImplementedError):
        there = False
    if not there:
        known = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise InputError(f"device: {name!r} is not here; expected one of {', '.join(known)}")
