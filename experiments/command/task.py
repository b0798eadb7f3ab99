"""The commands beside `measure` and the studies.  Libraries are imported by the command that needs them: the rest answers at once."""

from collections.abc import Callable
from pathlib import Path

from straightedge.analysis.store.place import checkout, published, results, root, shown
from straightedge.estimators.network.error import InputError
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.listing import questions, studies, study_of


def figures(jobs: int | None = None) -> int:
    """Draws every published figure, measuring only what is not current."""
    for name in questions():
        folder = results() / name
        if manifest.is_current(name, folder):
            print(f"{name}: nothing to do, {shown(folder)} is current", flush=True)
            continue
        from straightedge.experiments.runner.perform import perform

        study = study_of(name)
        told(name, perform(study, study.config(), jobs))
    if checkout() and not page_is_current():
        page()
    return 0


def told(name: str, outcome) -> None:
    """A line about what a run of a study did."""
    folder = shown(outcome.folder)
    if outcome.measured or outcome.drawn:
        did = f"measured {outcome.measured} cells" if outcome.measured else "table current"
        print(f"{name}: {did}, {'drew figures' if outcome.drawn else 'figures current'}: {folder}", flush=True)
    else:
        print(f"{name}: nothing to do, {folder} is current", flush=True)


def page_is_current() -> bool:
    """Whether docs/estimators.md is what docstrings and tables say, told without importing a library."""
    from straightedge.experiments.command.stamp import stamped

    return stamped(root() / "docs" / "estimators.md")


def page() -> int:
    """Writes docs/estimators.md, every estimator as declared and as measured, from the stored tables."""
    from straightedge.experiments.command.page import written

    print(f"wrote {shown(written())}")
    return 0


def rerun(study: str | None = None, jobs: int | None = None) -> int:
    """Measures the published studies anew and prints every number that moved by more than three standard errors."""
    from straightedge.experiments.runner.moved import moved
    from straightedge.experiments.runner.perform import current, perform

    for name, chosen in ({study: study_of(study)} if study else studies()).items():
        before = current(results() / name)
        before = current(published() / name) if before is None else before
        outcome = perform(chosen, chosen.config(), jobs, anew=True)
        after = current(outcome.folder)
        lines = moved(before, after) if before is not None and after is not None else []
        print(f"{name}: {0 if after is None else len(after)} numbers measured anew, "
              + (f"{len(lines)} moved by more than three standard errors" if before is not None else "none to compare with"))
        for line in lines:
            print(f"  {line}")
    return 0


def smoke(jobs: int | None = None) -> int:
    """Runs every study in its configuration of a few seconds, into results/smoke."""
    from straightedge.experiments.runner.perform import perform

    for name, study in studies().items():
        told(name, perform(study, study.smoke, jobs))
    return 0


def check(name: str) -> int:
    """Checks that an estimator keeps its promises: NAME or NAME:hyper=value."""
    from straightedge.analysis.check.conformance import run_checks
    from straightedge.estimators.catalogue.spelling import estimator_of

    report = run_checks(estimator_of(name))
    print(report)
    return 1 if report.failures else 0


def new(name: str, folder: Path | None = None) -> int:
    """Writes a commented estimator of this name that passes the checks: into --folder, or estimators/ of the checkout."""
    from straightedge.experiments.command.new import write_estimator

    if folder is None and checkout() is None:
        raise InputError("new: expected --folder DIR, a folder of your own for the file; `--plugins DIR` then finds it")
    place = folder or root() / "estimators"
    path = write_estimator(name, place)
    there = "" if folder is None else f" --plugins {shown(place)}"
    print(f"wrote {shown(path)}: edit it, then `straightedge check {name}{there}`")
    return 0


def bench(device: str = "cpu") -> int:
    """Measures speed beside the peers, in one process on one machine, into results/bench."""
    from straightedge.experiments.bench.bench import bench as run

    return run(device)


def audit(jobs: int | None = None) -> int:
    """Holds other libraries' estimators against exact gradients, into results/audit."""
    from straightedge.experiments.audit.audit import audit as run

    return run(jobs)


def claims() -> int:
    """Decides every statement of the ledger anew, prints the table and writes it to results/claims/."""
    from straightedge.experiments.command.claims import write_claims

    print(write_claims(results() / "claims"), end="")
    return 0


COMMANDS: dict[str, Callable[..., int]] = {call.__name__: call for call in (figures, page, rerun, smoke, check, new, bench, audit, claims)}

