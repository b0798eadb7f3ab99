"""The commands beside `measure` and the studies.  Libraries are imported by the command that needs them: the rest answers at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from straightedge.analysis.store.place import checkout, published, results, root, shown
from straightedge.estimators.network.error import Failed, InputError
from straightedge.experiments.command.display import advise, claims, compare, draw, provenance, report
from straightedge.experiments.command.outcome import check_timeout, first, told
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.listing import questions, studies, study_of
from straightedge.settings import Backend, check_scheduler

FIRST = "bias_variance"
"""The study whose figure one looks at first."""


def figures(jobs: int | None = None, cell_timeout: float | None = None, backend: Backend = "processes",
            scheduler: str | None = None) -> int:
    """Draws every published figure, measuring only what is not current.

    straightedge figures --jobs 2
    """
    check_scheduler(backend, scheduler)
    failed: list[str] = []
    for name in questions():
        if stands(name):
            continue
        failed += performed(study_of(name), False, jobs, cell_timeout, scheduler)
    if checkout() and not page_is_current() and not failed:
        page()
    if not failed:
        print(first(results() / FIRST), flush=True)
    return ended(failed)


def stands(name: str) -> bool:
    """Whether a study's published results are current, as files alone tell; a line says so."""
    folder = results() / name
    if not manifest.is_current(name, folder):
        return False
    print(f"{name}: nothing to do, {shown(folder)} is current", flush=True)
    return True


def performed(study, smoke: bool, jobs: int | None, timeout: float | None, scheduler: str | None = None) -> list[str]:
    """Runs a study and says what it did; why some of its cells failed, where they did: that stops no other study."""
    from straightedge.experiments.runner.perform import perform

    check_timeout(timeout)
    try:
        told(study.name, perform(study, study.smoke if smoke else study.config(), jobs, timeout=timeout, scheduler=scheduler))
    except Failed as error:
        return [str(error)]
    return []


def ended(failed: list[str]) -> int:
    """Status 0; raises Failed with all that failed."""
    if failed:
        raise Failed("; ".join(failed))
    return 0


def page_is_current() -> bool:
    """Whether the pages that are made from docstrings and tables say what these do, told without importing a library."""
    from straightedge.experiments.command.stamp import PAGES, path, stamped

    return all(stamped(path(name), name) for name in PAGES)


def page() -> int:
    """Writes the pages of docs/ that are made from the published tables, and the drawings that are made from code.

    straightedge page
    """
    from straightedge.experiments.command.page import written
    from straightedge.experiments.command.stamp import PAGES
    from straightedge.experiments.guide.picture import drawn

    made = [*(written(name=name) for name in PAGES), *drawn()]
    print(f"wrote {', '.join(map(shown, made))}")
    return 0


def rerun(study: str | None = None, jobs: int | None = None, cell_timeout: float | None = None, backend: Backend = "processes",
          scheduler: str | None = None) -> int:
    """Measures the published studies anew and prints every number that moved by more than three standard errors.

    straightedge rerun --study fourier
    """
    from straightedge.experiments.runner.moved import moved
    from straightedge.experiments.runner.perform import current, perform

    check_timeout(cell_timeout)
    check_scheduler(backend, scheduler)
    failed: list[str] = []
    for name, chosen in ({study: study_of(study)} if study else studies()).items():
        before = current(results() / name)
        before = current(published() / name) if before is None else before
        try:
            outcome = perform(chosen, chosen.config(), jobs, anew=True, timeout=cell_timeout, scheduler=scheduler)
        except Failed as error:
            failed.append(str(error))
            continue
        after = current(outcome.folder)
        lines = moved(before, after) if before is not None and after is not None else []
        print(f"{name}: {0 if after is None else len(after)} numbers measured anew, "
              + (f"{len(lines)} moved by more than three standard errors" if before is not None else "none to compare with"))
        for line in lines:
            print(f"  {line}")
    return ended(failed)


def smoke(jobs: int | None = None, cell_timeout: float | None = None) -> int:
    """Runs every study in its configuration of a few seconds, into results/smoke.

    straightedge smoke --jobs 2
    """
    return ended([line for study in studies().values() for line in performed(study, True, jobs, cell_timeout)])


def check(name: str) -> int:
    """Checks that an estimator keeps its promises: NAME or NAME:hyper=value.

    straightedge check straight_through
    """
    from straightedge.experiments.command.check import failed

    return int(failed(name))


def new(name: str, folder: Path | None = None) -> int:
    """Writes a commented estimator of this name that passes the checks: into --folder, or estimators/ of the checkout.

    straightedge new my_estimator --folder .
    """
    from straightedge.experiments.command.new import write_estimator

    if folder is None and checkout() is None:
        raise InputError("new: expected --folder DIR, a folder of your own for the file; `--plugins DIR` then finds it")
    place = folder or root() / "estimators"
    path = write_estimator(name, place)
    there = "" if folder is None else f" --plugins {shown(place)}"
    print(f"wrote {shown(path)}: edit it, then `straightedge check {name}{there}`")
    return 0


def clean() -> int:
    """Removes stored cells that no current study and no current code asks for, and what killed runs left; says how many bytes.

    straightedge clean
    """
    from straightedge.experiments.command.clean import cleaned

    print(cleaned(results()))
    return 0


def bench(device: str = "cpu") -> int:
    """Measures speed beside the peers, in one process on one machine, into results/bench.

    straightedge bench --device cpu
    """
    from straightedge.experiments.bench.bench import bench as run

    return run(device)


def audit(jobs: int | None = None) -> int:
    """Holds other libraries' estimators against exact gradients, into results/audit.

    straightedge audit --jobs 2
    """
    from straightedge.experiments.audit.audit import audit as run

    return run(jobs)


def completion(shell: Literal["bash", "zsh"]) -> int:
    """Prints the completion of names and options for a shell, to be read by it.

    straightedge completion bash
    """
    from straightedge.experiments.command.completion import script

    print(script(shell, COMMANDS), end="")
    return 0



CALLS: tuple[Callable[..., int], ...] = (advise, figures, draw, report, page, rerun, compare, smoke, check, new, clean, provenance,
                                         completion, bench, audit, claims)
COMMANDS = {call.__name__: call for call in CALLS}

