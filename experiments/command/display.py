"""The commands that show: pictures for a paper, the report, advice, the ledger, what made a file."""

from pathlib import Path
from shutil import which
from typing import Annotated, Any, Literal, cast

import tyro

from straightedge.analysis.problem.choice import LossName, NoiseName, States
from straightedge.analysis.store.file import replace, writable
from straightedge.analysis.store.place import published, results, shown
from straightedge.estimators.network.error import Failed, InputError
from straightedge.experiments.runner.listing import study_of


def draw(study: str, width: float = 7.0, style: Path | None = None, format: Literal["pdf", "svg", "png", "pgf"] = "pdf",
         folder: Path = Path()) -> int:
    """Draws a study's figures from its published table for a paper: as wide as they are set, in inches, with your own style of matplotlib.

    straightedge draw bias_variance --width 3.3 --format svg
    """
    from matplotlib import rc_params_from_file
    from matplotlib.backends.backend_pgf import LatexError

    from straightedge.analysis.cell.table import read
    from straightedge.analysis.figure import look

    if not 1 <= width <= 30:
        raise InputError(f"--width: expected inches from 1 to 30, got {width:g}")
    if style is not None and not style.is_file():
        raise InputError(f"--style: {style}: no such file; expected a style sheet of matplotlib")
    chosen = study_of(study)
    table = published() / study / "summary.csv"
    if not table.is_file():
        raise InputError(f"draw: {study} has no published table; `straightedge {study}` measures it")
    own = {"pgf.texsystem": next(filter(which, ("xelatex", "pdflatex", "lualatex")), "xelatex")}
    own |= cast(dict[str, Any], rc_params_from_file(style, use_default_template=False)) if style else {}
    writable(folder)
    frame = read(table)
    for name, picture in chosen.figures.items():
        with look.style(width, own):
            drawing = picture(frame)
            try:
                data = look.rendered(drawing, format)
            except (RuntimeError, ValueError, FileNotFoundError, LatexError) as error:
                raise Failed(f"draw: {format}: {str(error).partition(chr(10))[0]}") from None
        path = folder / f"{study}{'' if name == 'figure' else f'_{name}'}.{format}"
        replace(path, data)
        print(f"wrote {shown(path)}: {picture.words(frame).answer}")
    return 0


def report(table: Annotated[Path | None, tyro.conf.Positional] = None, out: Path | None = None) -> int:
    """Writes one page of all published results, or of the table that `measure --out` wrote: any browser shows it, no network is needed.

    straightedge report --out report.html
    """
    from straightedge.experiments.report.page import write_report

    place = out or results() / "report" / ("index.html" if table is None else f"{table.stem}.html")
    print(f"wrote {shown(write_report(table, place))}: open it in a browser")
    return 0


def provenance(file: Path) -> int:
    """Says what made a file of results: a stored cell, a table or a figure.

    straightedge provenance results/bias_variance/figure.png
    """
    from straightedge.experiments.command.provenance import provenance_of

    print(provenance_of(file))
    return 0


def advise(network: Path, data: Path | None = None, states: States = "+-1", noise: NoiseName = "logistic",
           loss: LossName = "cross_entropy", rows: int = 500, seeds: int = 4, jobs: int | None = None) -> int:
    """Which estimator for the network of this file: its units, what can be exact, the most efficient for 1, 10 and 100 passes.

    straightedge advise my.npz --rows 200
    """
    from straightedge.advice import advise as found
    from straightedge.analysis.problem.archive import Archive

    problem = Archive(str(network), states, noise, loss, str(data) if data else None)
    print(found(problem, rows=rows, seeds=seeds, jobs=jobs))
    return 0


def claims() -> int:
    """Decides every statement of the ledger anew, prints the table and writes it to results/claims/.

    straightedge claims
    """
    from straightedge.experiments.command.claims import write_claims

    print(write_claims(results() / "claims"), end="")
    return 0


def compare(before: str, after: str) -> int:
    """Which numbers of two tables, folders of results or revisions differ by more than three standard errors.

    straightedge compare HEAD results
    """
    from straightedge.experiments.command.compare import compared

    print(compared(before, after))
    return 0
