"""The commands beside `measure` and the studies."""

from dataclasses import dataclass, field, make_dataclass
from inspect import signature
from pathlib import Path

import torch
import tyro

from analysis import store
from analysis.claim import ledger
from analysis.conformance import run_checks
from estimators.error import InputError
from experiments.audit import audit
from experiments.bench import bench
from experiments.new import ESTIMATORS, write_estimator
from experiments.page import written
from experiments.parse import estimator
from experiments.parse import study as named
from experiments.study import RESULTS, current, markdown, moved, perform, place, studies, title


@dataclass(frozen=True)
class Run:
    """How a study is run; none of this changes a number."""

    jobs: int | None = None
    """Processes; all cores if not given."""
    smoke: bool = False
    """The configuration of a few seconds, into results/smoke."""
    paper: bool = False
    """The configuration with more networks and seeds, into results/custom."""


def study(module, config, run: Run) -> int:
    """Runs one study and says what it did."""
    if run.smoke:
        config = module.SMOKE
    if run.paper:
        if not hasattr(module, "PAPER"):
            raise InputError(f"{title(module)} has no --paper configuration; raise --rows and --seeds instead")
        config = module.PAPER
    told(title(module), perform(module, config, run.jobs))
    return 0


def told(name: str, outcome) -> None:
    """A line about what a run of a study did."""
    folder = outcome.folder.relative_to(store.ROOT)
    if outcome.measured or outcome.drawn:
        did = f"measured {outcome.measured} cells" if outcome.measured else "table current"
        print(f"{name}: {did}, {'drew figures' if outcome.drawn else 'figures current'}: {folder}", flush=True)
    else:
        print(f"{name}: nothing to do, {folder} is current", flush=True)


def figures(jobs: int | None = None) -> int:
    """Draws every published figure, measuring only what is not current."""
    for name, module in studies().items():
        told(name, perform(module, module.Config(), jobs))
    written()
    return 0


def page() -> int:
    """Writes docs/estimators.md, every estimator as declared and as measured, from the stored tables."""
    print(f"wrote {written().relative_to(store.ROOT)}")
    return 0


def rerun(study: str | None = None, jobs: int | None = None) -> int:
    """Measures the published studies anew and prints every number that moved by more than three standard errors."""
    chosen = {study: named(study)} if study else studies()
    for name, module in chosen.items():
        config = module.Config()
        before = current(place(module, config))
        outcome = perform(module, config, jobs, anew=True)
        after = current(outcome.folder)
        lines = moved(before, after) if before is not None and after is not None else []
        print(f"{name}: {0 if after is None else len(after)} numbers measured anew, "
              + (f"{len(lines)} moved by more than three standard errors" if before is not None else "none to compare with"))
        for line in lines:
            print(f"  {line}")
    return 0


def smoke(jobs: int | None = None) -> int:
    """Runs every study in its configuration of a few seconds, into results/smoke."""
    for name, module in studies().items():
        told(name, perform(module, module.SMOKE, jobs))
    return 0


def require_folder(name: str, option: str) -> None:
    """Refuses what is not a folder."""
    if not Path(name).is_dir():
        raise InputError(f"{option}: {name or 'nothing'} is not a folder; expected one with files of estimators")


def options(call):
    """A dataclass of a command's parameters, for the command line."""
    parts = []
    for name, parameter in signature(call).parameters.items():
        default = [] if parameter.default is parameter.empty else [field(default=parameter.default)]
        parts.append((name, parameter.annotation if default else tyro.conf.Positional[parameter.annotation], *default))
    kind = make_dataclass(call.__name__, parts)
    kind.__doc__ = call.__doc__
    return kind


def check(name: str) -> int:
    """Checks that an estimator keeps its promises: NAME or NAME:hyper=value."""
    report = run_checks(estimator(name))
    print(report)
    return 1 if report.failures else 0


def new(name: str, folder: Path = ESTIMATORS) -> int:
    """Writes a commented estimator of this name that passes the checks."""
    path = write_estimator(name, folder)
    print(f"wrote {path}: edit it, then `make check NAME={name}`")
    return 0


def claims() -> int:
    """Decides every statement of the ledger anew, prints the table and writes it to results/claims/."""
    torch.set_num_threads(1)  # tiny tensors: threads cost more than they do
    table, folder = ledger(), RESULTS / "claims"
    text = markdown(table)
    store.replace(folder / "claims.csv", table.to_csv(index=False, lineterminator="\n").encode())
    store.replace(folder / "claims.md", text.encode())
    print(text, end="")
    return 0


COMMANDS = {call.__name__: call for call in (figures, page, rerun, smoke, check, new, bench, audit, claims)}
