"""The page of all estimators, docs/estimators.md: what docstrings declare beside what the studies measured, so that it cannot drift."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from straightedge.analysis.cell.table import read
from straightedge.analysis.check.docstring import HEADINGS, headings
from straightedge.analysis.figure import look as figure
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import published
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.registry import registry
from straightedge.experiments.command.stamp import PAGES, stamp
from straightedge.experiments.command.stamp import path as place

INTRODUCTION = """# The estimators

Every estimator, as its docstring declares it and as the studies measured it. `make figures` and `make page` write this page.

The reference network has three layers of five Bernoulli units, 100 points and two classes, the one of the study
[cost](../results/cost/table.md): as initialised, and after 200 steps of training with the exact gradient. Numbers are of the gradient by
all parameters, over its exact length: *bias* of the mean, *deviation*, the root of the summed variance of one estimate; *cosine* is that of
one estimate with the exact gradient, on average. Bias and deviation are exact unless an interval (95 %) is shown; 'below' means that no
bias was detected and none larger is likely (95 %). *Passes* are forward and backward passes of the whole network for one estimate.
"""
OTHERWISE = "not for this network; measured on Bernoulli weights (2-2-1, scale 1), by the latent weights:"


def measurements(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Estimator -> one row for each problem and label: passes, and bias, deviation and cosine over |g|, with the bias's interval."""
    plain = table[(table.group == "all") & (table.draws == 1)]
    plain = plain[plain.against.isna()] if "against" in plain else plain
    keys = ["estimator", "problem", "label"]
    wide = plain.pivot_table("value", keys, "metric", sort=False)
    square = plain[plain.metric == "bias2"].set_index(keys).loc[wide.index]
    for column in ("low", "high"):
        wide[column] = np.sqrt(square[column].clip(lower=0) / wide.exact2)
    wide["bias"], wide["deviation"] = (np.sqrt(wide[column].clip(lower=0) / wide.exact2) for column in ("bias2", "variance"))
    wide["exact"], wide["bound"] = square.method == "exact", square.reindex(columns=["bound"]).bound.astype(float)
    return {name: rows.reset_index() for name, rows in wide.groupby("estimator", sort=False)}


def bias(row) -> str:
    """The bias as one measured it."""
    if row.exact:
        return "0" if row.bias < 1e-9 else f"{row.bias:.3g}"
    return f"below {row.bound:.2g}" if row.bound == row.bound else f"{row.bias:.3g} ({row.low:.3g} to {row.high:.3g})"


def numbers(row) -> str:
    """Bias, deviation, cosine."""
    return f"{bias(row)} | {row.deviation:.3g} | {row.cosine:.3f}"


def default(rows: pd.DataFrame, problem: str):
    """The row of the default hyper-parameters on a problem, or the first."""
    return min(rows[rows.problem == problem].itertuples(), key=lambda row: len(row.label))


def section(name: str, kind: type[Estimator], rows: pd.DataFrame, elsewhere: bool) -> list[str]:
    """One estimator; `elsewhere`: not measured on the reference network."""
    told = headings(kind)
    source = f"{name}.py"
    lines = [f"### {figure.words(name)}", "", f"[`{name}`](../estimators/{source}). {told['']}", "", "| | |", "|---|---|"]
    lines += [f"| {heading} | {escaped(told[heading])} |" for heading in HEADINGS]
    given = ", ".join(f"`{field.name} = {field.default!r}`" for field in fields(kind))
    lines += [f"| Hyper-parameters | {given} |"] if given else []
    for row in (default(rows, problem) for problem in dict.fromkeys(rows.problem)):
        where = f"{OTHERWISE} {row.label}" if elsewhere else row.problem
        lines.append(f"| Measured, {where} | bias {bias(row)}, deviation {row.deviation:.3g}, cosine {row.cosine:.3f}, "
                     f"passes {row.evaluations:.3g} |")
    return [*lines, ""]


def escaped(text: str) -> str:
    """Fit for a cell of a Markdown table, code apart."""
    parts = text.split("`")
    return "`".join(part if index % 2 else re.sub(r"([|*_<])", r"\\\1", part) for index, part in enumerate(parts))


def page() -> str:
    """The whole page."""
    measured = measurements(read(published() / "cost" / "summary.csv"))
    weights = read(published() / "weights" / "summary.csv")
    elsewhere = measurements(weights[(weights.problem_scale == 1) & (weights.problem_seed == 0)])
    problems = list(dict.fromkeys(problem for rows in measured.values() for problem in rows.problem))
    order = list(figure.COLOURS)
    kinds = {name: kind for name, kind in registry().items() if name in measured or name in elsewhere}
    kinds = dict(sorted(kinds.items(), key=lambda pair: order.index(pair[1].family) if pair[1].family in order else len(order)))
    heads = ["estimator", "promises", "passes", *(f"{problem}: bias | deviation | cosine" for problem in problems)]
    lines = [INTRODUCTION, f"| {' | '.join(heads)} |", "|---" * (3 + 3 * len(problems)) + "|"]
    for name, kind in kinds.items():
        row = f"| [{figure.words(name)}](#{anchor(name)}) | {'no bias' if kind.unbiased else '-'} | "
        rows = [default(measured[name], problem) for problem in problems] if name in measured else []
        cells = [f"{rows[0].evaluations:.3g}", *map(numbers, rows)] if rows else [" |" * 3 * len(problems)]
        lines.append(row + " | ".join(cells) + " |")
    for family in dict.fromkeys(kind.family for kind in kinds.values()):
        lines += ["", f"## {family.capitalize()}", ""]
        for name, kind in kinds.items():
            if kind.family == family:
                lines += section(name, kind, measured.get(name, elsewhere.get(name)), name not in measured)
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def written(path: Path | None = None, name: str = "estimators") -> Path:
    """Writes one of the pages that are made from tables, docs/NAME.md of the checkout if no path is given, where it is not what it
    should be; its path."""
    path, text = path or place(name), stamp(import_module(PAGES[name].maker).page(), name)
    if not path.is_file() or path.read_text() != text:
        replace(path, text.encode())
    return path


def anchor(name: str) -> str:
    """The link to a heading, as Markdown's readers make it."""
    return re.sub(r"[^\w\- ]", "", figure.words(name).lower()).replace(" ", "-")
