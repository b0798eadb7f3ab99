"""The page docs/noise.md: noise, scale and evaluation of networks with binary units, every number of the study's table."""

import textwrap

import pandas as pd

from straightedge.analysis.accuracy.summary import quantile
from straightedge.analysis.figure.choosing import MATCHED, SIGNS, WAYS, by_ratio, convolutions, one
from straightedge.analysis.figure.lesson import best, mean, reached
from straightedge.analysis.figure.name import listed, words

TITLE = "# Choosing noise, scale and evaluation"
HEAD = """Every number below is of the study [classification](../results/classification/table.md); the page is made from its table
and a test holds it to that. Errors are test errors on scikit-learn's digits, at the best of the learning rates tried by the
validation images, with 95 % intervals over {seeds} seeds; dense networks have {dense}, convolutional ones {conv}. Other images,
larger networks and longer training were not tried: `straightedge classification --images FOLDER` does it for yours."""


def shown(error: float, half: float) -> str:
    """An error with its interval."""
    return f"{100 * error:.1f} ± {100 * half:.1f} %"


def of(row: pd.Series) -> str:
    """The same of a method."""
    return shown(row.error, quantile(int(row.seeds)) * row.deviation)


def difference(rows: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float]:
    """The mean difference of two sets of independent methods, and half the width of its interval."""
    (first, second), (half, again) = zip(mean(rows), mean(other), strict=True)
    return first - second, (half**2 + again**2) ** 0.5


def signed(found: tuple[float, float]) -> str:
    """A difference in points."""
    return f"{100 * found[0]:+.1f} ± {100 * found[1]:.1f} points"


def noises(dense: pd.DataFrame, kind: str) -> str:
    """Whether consistent pairs are equal."""
    own = dense[dense.label == MATCHED]
    least, most = own.loc[own.error.idxmin()], own.loc[own.error.idxmax()]
    gap, half = difference(own[own.noise == most.noise], own[own.noise == least.noise])
    verdict = "more than seeds explain" if gap > half else "no more than seeds explain"
    each = listed(f"{of(row)} under {row.noise} noise" for _, row in own.iterrows())
    return (f"With {kind}, the rule matched to its noise errs in {each}. The largest difference is {signed((gap, half))}, {verdict} of one "
            "comparison.")


def costs(dense: pd.DataFrame) -> list[str]:
    """A line of a table for each rule: its mean over noises, and what it costs beside the matched one."""
    lines = []
    for label, rows in dense.groupby("label", sort=False):
        rows = rows[(rows.noise != "uniform") | (label != "clipped_identity")]
        own = dense[(dense.label == MATCHED) & dense.noise.isin(rows.noise)]
        beside = signed(difference(rows, own)) if label != MATCHED else "-"
        lines.append((mean(rows)[0], f"| {words(label)} | {shown(*mean(rows))} | {beside} | {rows.loss.astype(float).mean():.3f} |"))
    return [line for _, line in sorted(lines)]


def page(table: pd.DataFrame) -> str:
    """The whole page."""
    found = reached(table)
    grid = found[(found.architecture == "dense") & (found.ratio == 1)]
    shared = [label for label, rows in grid.groupby("label", sort=False) if set(rows.binary) == {False, True}]
    grid = grid[grid.label.isin(shared)]
    asked = {way: best(grid, way) for way in WAYS}
    kinds = {"real weights": False, "Bernoulli weights": True}
    parts = {name: asked["ensemble"][asked["ensemble"].binary == binary] for name, binary in kinds.items()}
    seeds = int(parts["real weights"].seeds.iloc[0])
    conv = found[found.architecture == "convolution"]
    head = HEAD.format(seeds=seeds, dense=f"layers of {grid.widths.iloc[0]} units and {grid.steps.iloc[0]:g} steps",
                         conv=f"two pairs of {conv.widths.iloc[0]} channels".replace("-", " and "))
    lines = [TITLE, "", " ".join(head.split()), ""]
    lines += ["## Which noise", "", *(line for name, part in parts.items() for line in (noises(part, name), "")), ""]
    lines += ["## What another rule costs", "", "Means over the noises, asked by ensembles of ten; the clipped identity is uniform noise's "
              "own rule and counts under the others. The loss is of one sample on the training images at the chosen rate.", ""]
    for name, part in parts.items():
        lines += [f"| {name}: rule | error | beside the matched rule | training loss |", "|---|---|---|---|", *costs(part), ""]
    lines += ["## Which scale", "", *scales(by_ratio(table)), ""]
    lines += ["## How to ask the network", "", "Of the matched rule, means over the noises:", "",
              "| asked | real weights | Bernoulli weights |", "|---|---|---|"]
    for way, name in WAYS.items():
        own = asked[way][asked[way].label == MATCHED]
        cells = [shown(*mean(own[own.binary == binary])) for binary in kinds.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "## Why a first try may fail", "", *first_try(table), ""]
    return "\n".join(map(wrapped, lines)).rstrip() + "\n"


def wrapped(line: str) -> str:
    """A paragraph in lines of a page of docs; tables as they are."""
    return line if line.startswith("|") or "\n" in line else "\n".join(textwrap.wrap(line, 140, break_long_words=False))


def scales(rows: pd.DataFrame) -> list[str]:
    """The error by the initial size of pre-activations."""
    lines = ["Batch norm hands a unit pre-activations of standard deviation 1, where logistic noise has 1.81: 0.55 of the noise. Its "
             "initial gain sets another ratio.", "",
             "| ratio | matched, ensemble | matched, one sample | matched, likeliest | deterministic |", "|---|---|---|---|---|"]
    for ratio, part in rows.groupby("ratio", sort=True):
        cells = [of(one(part, label=MATCHED, asked=way)) for way in ("ensemble", "sample", "likeliest")]
        lines.append(f"| {ratio:g} | {' | '.join(cells)} | {of(one(part, label=SIGNS, asked='likeliest'))} |")
    own = rows[(rows.label == MATCHED) & (rows.asked == "ensemble")]
    row = own.loc[own.error.idxmin()]
    return [*lines, "", f"The least error of the matched rule by ensembles is at the ratio {row.ratio:g}."]


def first_try(table: pd.DataFrame) -> list[str]:
    """From what a new user gets to what helps, one change at a time."""
    found = reached(table)
    courses, conv = found[found.architecture == "convolution"], convolutions(table)
    few, many, new, large = conv.steps.min(), conv.steps.max(), conv.ratio.min(), conv.ratio.max()
    slow, fast, samples = courses.rate.min(), courses.rate.max(), courses.samples.max()

    def at(label, way, **values):
        row = one(courses, **{"label": label, "rate": slow, "ratio": new, "steps": few, "samples": 1} | values)
        return shown(row[f"test_{way}"], quantile(int(row[f"test_{way}_seeds"])) * row[f"test_{way}_error"])

    def chosen(label, way, ratio, steps):
        return of(one(conv, label=label, ratio=ratio, steps=steps, samples=1, asked=way))

    def line(change, way="sample", signs="likeliest", **values):
        other = at(SIGNS, signs, **values) if signs else "-"
        return f"| {change} | {at(MATCHED, way, **values)} | {other} |"

    changes = [line("none: one sample"), line("asked by its likeliest state", "likeliest", ""), line("asked by its mean", "mean", ""),
               line("asked by ensembles of ten", "ensemble", ""),
               line("likeliest state, batch norm recalibrated", "recalibrated", "recalibrated"),
               line(f"pre-activations of {large:g} deviations of the noise", ratio=large), line(f"{many:g} steps", steps=many),
               line(f"rate {fast:g}", rate=fast),
               line(f"the loss of the mean probability of {samples:g} samples", signs="", samples=samples)]
    head = (f"A convolutional network, {few:g} steps of Adam at {slow:g}, batch norm as torch initialises it, logistic noise: the matched "
            f"rule errs in {at(MATCHED, 'sample')} when asked by one sample, the deterministic rule in {at(SIGNS, 'likeliest')}. One "
            "change at a time, all else as there:")
    tail = (f"At the better of the two rates and asked by ensembles, the matched rule errs in {chosen(MATCHED, 'ensemble', new, few)} "
            f"after {few:g} steps at the ratio {new:.2g}, and in {chosen(MATCHED, 'ensemble', large, many)} after {many:g} at the ratio "
            f"{large:g}; the deterministic rule in {chosen(SIGNS, 'likeliest', new, few)} and {chosen(SIGNS, 'likeliest', large, many)}.")
    return [head, "", "| change | matched | deterministic |", "|---|---|---|", *changes, "", tail]
