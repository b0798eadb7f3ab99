"""The command line of a study: its configuration, the user's own estimators and network in it, and how it is run."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, make_dataclass, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from straightedge.analysis.problem.choice import LossName, NoiseName, States
from straightedge.analysis.store.checkpoint import checkpoints, keep_below
from straightedge.analysis.store.place import results
from straightedge.estimators.catalogue.catalogue import entries
from straightedge.estimators.network.error import Failed, InputError, nearest
from straightedge.experiments.command.option import each_alone, parsed
from straightedge.experiments.command.outcome import check_timeout, told
from straightedge.experiments.runner.listing import study_of
from straightedge.experiments.runner.outline import outline
from straightedge.settings import Backend, check_scheduler
from straightedge.settings import device as require_device

if TYPE_CHECKING:
    from straightedge.estimators.base import Estimator
    from straightedge.experiments.runner.study import Study

Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]
Verbose = Annotated[bool, tyro.conf.arg(aliases=["-v"])]


@dataclass(frozen=True)
class Run:
    """How a study is run, and what of the user's own is in it."""

    jobs: int | None = None
    """Processes; all cores if not given."""
    cell_timeout: float | None = None
    """Seconds that one cell may take; it is then stopped and named, and the others go on."""
    backend: Backend = "processes"
    """Where cells are measured: processes of this machine, or a dask cluster's workers."""
    scheduler: str | None = None
    """The address of the cluster's scheduler, as in tcp://HOST:8786."""
    dry_run: bool = False
    """Lists the cells, which are there and what the others will cost, and measures nothing."""
    verbose: Verbose = False
    """Says of each cell, as it is finished, how many seconds it took."""
    smoke: bool = False
    """Begins with the configuration of a few seconds; as it is, into results/smoke."""
    paper: bool = False
    """Begins with the configuration of more networks, rows and seeds, into results/custom."""
    results: Path | None = None
    """The folder that results go to; results/ of the current folder if not given."""
    estimator: Several = ()
    """Adds an estimator: NAME or NAME:hyper=value; several values are a sweep; as often as you like."""
    only: Several = ()
    """The same, in the place of the study's own estimators."""
    network: Path | None = None
    """A network of your own in the place of the study's problems: a file as `measure` takes it."""
    data: Path | None = None
    """An npz with X and Y, where that file has none."""
    states: States = "+-1"
    """The two states of a unit of that network."""
    noise: NoiseName = "logistic"
    """Its noise."""
    loss: LossName = "cross_entropy"
    """Its loss."""


def perform_study(name: str, arguments: list[str]) -> int:
    """Runs one study and says what it did."""
    if {"-h", "--help"} & {*arguments}:
        show(name)
    from straightedge.experiments.runner.perform import perform

    study = study_of(name)
    given: Any = parsed(command(name, study.question, study.config, beginning(study, arguments)), arguments, name)
    run, config = given.run, given.config
    check(config, run)
    if run.results:
        keep_below(run.results)
    with suited(study, config):
        config = own(study, config, run)
        if checkpoints().is_dir():
            from straightedge.analysis.problem.foreign import require_own

            require_own(cell.problem for cell in study.cells(config))
        if run.dry_run:
            from straightedge.experiments.runner.dry import listed, studied

            print(listed(*studied(study, config, run.results or results()), run.jobs))
            return 0
        told(name, perform(study, config, run.jobs, results=run.results, timeout=run.cell_timeout, scheduler=run.scheduler,
                           verbose=run.verbose))
    return 0


@contextmanager
def suited(study: Study, config: Any) -> Iterator[None]:
    """Raises InputError, with the study's own line, where the study fails with options that none of its configurations has."""
    try:
        yield
    except (InputError, Failed, OSError):
        raise
    except Exception as error:
        file = sys.modules[study.module].__file__
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if not lines or config in (study.config(), study.smoke, study.paper):
            raise
        raise InputError(f"{study.name}: it has no answer with these options ({type(error).__name__}: {error}; {file}, line {lines[-1]}); "
                         "expected options like those that --help shows") from None


def show(name: str) -> None:
    """Prints the options and leaves: from the file alone, or from the study itself where its options are no plain words."""
    try:
        shape: Any = outline(name)
    except ValueError:
        shape = study_of(name)
    parsed(command(name, shape.question, shape.config, shape.config()), ["--help"], name)


def command(name: str, question: str, kind: type, begin: Any) -> type:
    """The options of a study: those of its configuration and those of every run."""
    options = make_dataclass(name, [("config", tyro.conf.OmitArgPrefixes[kind], field(default=begin)),  # type: ignore[misc, valid-type]
                                    ("run", tyro.conf.OmitArgPrefixes[Run], field(default_factory=Run))])
    options.__doc__ = f"{question.rstrip()}\n\nstraightedge {name} --smoke --jobs 2\n"
    return options


def beginning(study: Study, arguments: list[str]) -> Any:
    """The configuration that the options change."""
    if "--smoke" in arguments and "--paper" in arguments:
        raise InputError(f"{study.name}: expected --smoke or --paper, not both")
    return study.smoke if "--smoke" in arguments else study.paper if "--paper" in arguments else study.config()


def check(config: Any, run: Run) -> None:
    """Raises InputError for numbers that no study can have."""
    shown = [field.name for field in fields(config) if not hasattr(field.type, "__metadata__")]  # the others are no options
    for name, value in vars(config).items():
        if name not in shown:
            continue
        words = f"--{name.replace('_', '-')}: expected"
        if value == ():
            raise InputError(f"{words} one value or more, got none")
        least = 2 if name.split("_")[-1] in ("rows", "seeds") else 0 if name in ("steps", "checkpoints") else 1
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and not isinstance(number, bool) and number < least:
                raise InputError(f"{words} a whole number from {least}, got {number}")
            if isinstance(number, float) and not 0 < number < inf:
                raise InputError(f"{words} a positive number, got {number:g}")
    for name in vars(config).get("trainers", ()):
        kind = name.partition(":")[0]
        if kind not in entries():
            raise InputError(f"--trainers: {nearest(kind, list(entries()), 'estimator')}")
        try:
            named([name])
        except InputError as error:
            raise InputError(f"--trainers: {error}") from None
    draws, rows = (vars(config).get(name, ()) for name in ("draws", "rows"))
    if draws and rows != () and max(draws) > min(rows if isinstance(rows, tuple) else (rows,)):
        raise InputError(f"--draws: expected whole numbers from 1 to the number of rows, got {' '.join(map(str, draws))}")
    if run.jobs is not None and run.jobs < 1:
        raise InputError(f"--jobs: expected a whole number from 1, got {run.jobs}")
    if vars(config).get("device", "cpu") != "cpu":
        require_device(config.device)
    check_timeout(run.cell_timeout)
    check_scheduler(run.backend, run.scheduler)


def own(study: Study, config: Any, run: Run) -> Any:
    """The configuration with the user's estimators and network.  Raises InputError where the question does not allow them."""
    names = {part.name for part in fields(config)}
    if (run.estimator or run.only) and "estimators" not in names:
        raise InputError(f"{study.name}: its question is about its own estimators; expected no --estimator and no --only")
    if run.network and not study.networks:
        raise InputError(f"{study.name}: its question is about networks that it makes; expected no --network")
    if run.estimator or run.only:
        before = () if run.only else study.chosen(config) if config.estimators is None else config.estimators
        config = replace(config, estimators=tuple(dict.fromkeys((*before, *named(run.only), *named(run.estimator)))))
    if run.network:
        from straightedge.analysis.problem.archive import Archive

        problem = Archive(str(run.network), run.states, run.noise, run.loss, str(run.data) if run.data else None)
        problem.build()
        config = replace(config, problems=(problem,))
    return config


def named(texts: Sequence[str]) -> list[Estimator]:
    """The estimators of these words."""
    from straightedge.estimators.catalogue.spelling import estimators_of

    each_alone(texts)
    return [one for text in texts for one in estimators_of(text)]
