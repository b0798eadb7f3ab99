"""When does straight-through become accurate: with width, with depth, or with logits of what scale?

|bias| over the length |g| of the exact gradient, of the first layer, exact, over random networks along three axes that meet in one shape.
Lines are medians, bands the middle half of the networks; what is off the scale of all others stands in words above the panel, with its
least and its greatest median.  The table gives the trend of the bias, the mean over networks of each one's own slope, with its 95 %
interval.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, percent, said, sentence, short
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.base import Estimator
from straightedge.estimators.darn import Darn
from straightedge.estimators.deterministic import Deterministic
from straightedge.estimators.identity import Identity
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

ESTIMATORS = (StraightThrough(), Identity(), Darn(), Deterministic(), MeanField())
NONE = 1e-9
FAR = 3.0
"""An estimator whose bias is everywhere so many times that of every other is off the scale."""
AXES = {"width": "units a layer", "depth": "Bernoulli layers", "scale": "scale of the pre-activations"}


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    width: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 10, 12, 14)
    """Units a layer; every other network has the fourth."""
    depth: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 10)
    """Bernoulli layers; every other network has the third."""
    scale: tuple[float, ...] = (0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 10.0)
    """Standard deviation of the pre-activations, roughly; every other network has the fourth."""
    networks: int = 10
    """Random networks of each shape."""
    rows: int = 2000
    """Sampled estimates of each seed, of estimators without exact moments."""
    seeds: int = 5
    """Independent replicates, of the same."""


SMOKE = Config(ESTIMATORS[:3], (1, 2, 3, 4), (1, 2, 3), (0.1, 0.3, 0.5, 1.0), 3)
PAPER = Config(networks=100)


def cells(config):
    """Every estimator on every random network along the three axes."""
    width, depth, scale = config.width[3], config.depth[2], config.scale[3]
    shapes = [(w, depth, scale) for w in config.width] + [(width, d, scale) for d in config.depth]
    shapes = dict.fromkeys(shapes + [(width, depth, s) for s in config.scale])
    problems = [Points((w,) * d, points=50, scale=s, seed=seed) for w, d, s in shapes for seed in range(config.networks)]
    ways = {estimator: way(problems[0], estimator) for estimator in config.estimators}
    return [Cell(problem, estimator, config.rows, config.seeds, method=ways[estimator])
            for problem in problems for estimator in config.estimators]


def relative(table):
    """|bias| / |g| and the scale `along` of the first layer, one row for each network and estimator, with its shape."""
    keys = ["problem_widths", "problem_scale", "problem_seed", "label"]
    wide = table[table.group == "layer0"].pivot_table("value", keys, "metric", sort=False).reset_index()
    parts = wide.problem_widths.astype(str).str.split("-")
    wide["width"], wide["depth"], wide["scale"] = parts.str[0].astype(int), parts.str.len(), wide.problem_scale.astype(float)
    wide["bias"] = np.sqrt(wide.bias2.clip(lower=0) / wide.exact2)
    return wide


def sliced(wide, axis):
    """The networks that differ along one axis only: those whose other two numbers are the commonest."""
    for other in AXES:
        if other != axis:
            wide = wide[wide[other] == wide[other].mode()[0]]
    return wide


def figure(table):
    """A panel for each axis: relative bias.  What is off the scale of all others stands in words at the top."""
    wide = relative(table)
    drawing, axes = figures.panels(*((3, 1) if figures.narrow() else (1, 3)), 6.8 if figures.narrow() else 2.9, sharey=True)
    parts = {axis: sliced(wide, axis) for axis in AXES}
    medians = {axis: part.groupby(["label", axis], sort=False).bias.median() for axis, part in parts.items()}
    far = [label for label in dict.fromkeys(table.label) if all(beyond(values.unstack("label"), label) for values in medians.values())]
    for panel, (axis, name) in zip(axes.flat, AXES.items(), strict=True):
        for label, rows in parts[axis].groupby("label", sort=False):
            if label not in far:
                curve(panel, rows.groupby(axis).bias.quantile([0.25, 0.5, 0.75]).unstack(), label)
        ends = [(label, medians[axis][label]) for label in far]
        panel.set_title("\n".join(f"↑ {figures.words(label)}: {short(values.min())} to {short(values.max())}" for label, values in ends),
                        color=figures.mark(far[0])["color"] if far else "black")
        fixed = ", ".join(f"{other} {parts[axis][other].iloc[0]:g}" for other in AXES if other != axis)
        panel.set(xscale="log", yscale="log", xlabel=f"{name}\n({fixed})")
        ticks = sorted(parts[axis][axis].unique())
        panel.set_xticks(ticks, spaced(ticks))
        panel.xaxis.set_minor_locator(figures.no_ticks())
    for panel in axes[:, 0]:
        panel.set_ylabel("|bias| / |g|, first layer")
    figures.legend(drawing, [label for label in dict.fromkeys(table.label) if label not in far])
    return drawing


def beyond(medians, label):
    """Whether an estimator is off the scale of the others along this axis."""
    return bool((medians[label] > FAR * medians.drop(columns=label).max(axis=1)).all())


def spaced(ticks):
    """The ticks' names on a logarithmic axis, but for those that would run into the next."""
    names, last = [], np.inf
    for tick in reversed(ticks):
        names.append(f"{tick:g}" if last >= 1.25 * tick else "")
        last = tick if names[-1] else last
    return names[::-1]


def curve(panel, values, label):
    """Median and the middle half over the networks."""
    style = figures.mark(label)
    panel.plot(values.index, values[0.5], label=label, **style | {"markersize": 3.5})
    panel.fill_between(values.index, values[0.25], values[0.75], color=style["color"], alpha=0.13, linewidth=0)


def trend(rows, axis):
    """(mean over networks of the slope of log bias by log axis, half its 95 % interval); the networks of one seed are one unit."""
    rows = rows[rows.bias > 1e-9]
    slopes = [np.polyfit(np.log(part[axis]), np.log(part.bias), 1)[0]
              for _, part in rows.groupby("problem_seed") if part[axis].nunique() > 2]
    if len(slopes) < 2:
        return np.nan, np.nan
    return np.mean(slopes), t.ppf(0.975, len(slopes) - 1) * np.std(slopes, ddof=1) / len(slopes) ** 0.5


def words(table):
    """The trends of the first estimator's bias."""
    wide = relative(table)
    biased = wide.groupby("label", sort=False).bias.max()
    if not (biased > NONE).any():
        return Words(f"Without bias at any width, depth and scale: {listed(map(said, biased.index))}.", "no bias.")
    label = biased.index[biased > NONE][0]
    mine = {axis: sliced(wide, axis)[lambda part: part.label == label] for axis in AXES}
    ends = {axis: part.groupby(axis).bias.median() for axis, part in mine.items()}
    said_of = {"width": "width", "depth": "depth", "scale": "the scale of the logits"}
    ways: dict[str, list[str]] = {}
    for axis, part in mine.items():
        slope, half = trend(part, axis)
        way = "neither clearly" if not abs(slope) > half else "falls" if slope < 0 else "grows"
        places = ", ".join(f"{percent(ends[axis].iloc[place])} at {ends[axis].index[place]:g}" for place in (0, -1))
        ways.setdefault(way, []).append(f"with {said_of[axis]} ({places})")
    text = "; it ".join(f"{'changes' if way.startswith('n') else way} {listed(parts)}" + " not measurably" * way.startswith("n")
                        for way, parts in ways.items())
    slope, half = trend(mine["scale"], "scale")
    return Words(sentence(f"the bias of {said(label)} {text}."),
                 f"the bias of {said(label)} goes like scale^{slope:.2f} (± {half:.2f}) along the scale of the pre-activations.")


def tables(table):
    """The exponent of the bias along each axis, and the median bias at both ends, the least at the end first."""
    wide, frames = relative(table), []
    for axis, name in AXES.items():
        rows = []
        for label, part in sliced(wide, axis).groupby("label", sort=False):
            slope, half = trend(part, axis)
            medians = 100 * part.groupby(axis).bias.median()
            rows.append({"along": f"{name}, from {medians.index[0]:g} to {medians.index[-1]:g}", "estimator": figures.words(label),
                         "exponent of the bias": slope, "±": half, "bias % at the begin": medians.iloc[0],
                         "bias % at the end": medians.iloc[-1]})
        frames.append(pd.DataFrame(rows).sort_values("bias % at the end"))
    found = pd.concat(frames, ignore_index=True)
    numbers = [name for name in found if name not in ("along", "estimator")]
    return found.assign(**{name: aligned(found[name], 2 if "exp" in name or name == "±" else 3) for name in numbers}).set_index("along")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables,
              fields=("widths", "scale", "seed"))
