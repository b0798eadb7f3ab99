"""Which proxy belongs to which noise, and what does a wrong one do?

The mean of the estimate, exactly, beside the exact gradient g of the layer next to the data: cosine, scale <mean, g> / |g|^2, bias over
|g|; medians over random networks, the darker the more wrong.  Framed is the proxy that is the mean of the noise: matched, which
straight-through takes, and under three noises the named proxy that is the same.  A proxy of the wrong steepness changes the length, once
for every Bernoulli layer, far more than the direction.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.heat import heat
from straightedge.analysis.figure.name import short
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.problem.choice import NoiseName
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.approx_sign import ApproxSign
from straightedge.estimators.base import Estimator
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.identity import Identity
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tanh_proxy import TanhProxy
from straightedge.experiments.runner.study import Study

NOISES = {"logistic": "logistic, F = s(a)", "logistic2": "logistic, F = s(2a)", "uniform": "uniform [-1, 1]",
          "triangular": "triangular [-2, 2]", "normal": "normal"}
PROXIES = ("identity", "clipped_identity", "tanh_proxy", "approx_sign", "straight_through")
WORDS = {"identity": "identity", "clipped_identity": "clipped", "tanh_proxy": "tanh", "approx_sign": "ApproxSign",
         "straight_through": "matched"}
OWN = {"uniform": "clipped_identity", "logistic2": "tanh_proxy", "triangular": "approx_sign"}
MEASURES = {"cosine": "cosine of mean", "along": "scale", "bias": "|bias| / |g|"}


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    widths: Suppressed[tuple[tuple[int, ...], ...]] = ((5,), (5, 5, 5))
    """Bernoulli layers of each kind of network."""
    noises: Suppressed[tuple[NoiseName, ...]] = ("logistic", "logistic2", "uniform", "triangular", "normal")
    estimators: Suppressed[tuple[Estimator, ...]] = (Identity(), ClippedIdentity(), TanhProxy(), ApproxSign(), StraightThrough())
    networks: int = 9
    """Random networks and data sets for each pair."""
    points: int = 50
    """Data points."""
    rows: int = 2000
    """Sampled estimates of each seed, of estimators without exact moments."""
    seeds: int = 5
    """Independent replicates, of the same."""


SMOKE = Config(widths=((2,), (2, 2)), networks=2, points=10)
PAPER = Config(networks=99)


def cells(config):
    """Every noise with every proxy on every network."""
    problems = [Points(widths, noise, points=config.points, seed=seed)
                for widths in config.widths for noise in config.noises for seed in range(config.networks)]
    return [Cell(problem, estimator, config.rows, config.seeds, method=way(problem, estimator))
            for problem in problems for estimator in config.estimators]


def means(table):
    """Depth, noise, proxy, group: median over networks of cosine, along and bias of the mean estimate."""
    keys = ["problem_widths", "problem_noise", "label", "group", "problem_seed"]
    wide = table[table.metric.isin(["bias2", "along", "exact2"])].pivot_table("value", keys, "metric", sort=False).reset_index()
    length2 = wide.bias2 + (2 * wide.along - 1) * wide.exact2
    wide["cosine"] = wide.along * np.sqrt(wide.exact2 / length2.where(length2 > 0))
    wide["bias"] = np.sqrt(wide.bias2.clip(lower=0) / wide.exact2)
    return wide.groupby(keys[:-1], sort=False)[list(MEASURES)].median().reset_index()


def figure(table):
    """Maps of noise by proxy: cosine, scale and relative bias of the layer next to the data, for each depth."""
    found = means(table)
    kinds = list(dict.fromkeys(found.problem_widths.astype(str)))
    noises = [noise for noise in NOISES if noise in set(found.problem_noise)]
    proxies = [name for name in PROXIES if name in set(found.label)]
    proxies += [name for name in dict.fromkeys(found.label) if name not in PROXIES]
    shape = (3, len(kinds)) if figures.narrow() else (len(kinds), 3)
    drawing, axes = figures.panels(*shape, 1.75 * shape[0] + 0.9, sharex=True, sharey=True)
    for place, kind in enumerate(kinds):
        part = found[(found.problem_widths.astype(str) == kind) & (found.group == "layer0")]
        for panel, measure in zip(axes[:, place] if figures.narrow() else axes[place], MEASURES, strict=True):
            grid = part.pivot(index="problem_noise", columns="label", values=measure).loc[noises, proxies].to_numpy()
            texts = [[f"{value:.2f}" if measure == "cosine" or value < 10 else f"{value:.0f}" for value in row] for row in grid]
            framed = [(row, proxies.index(name)) for row, noise in enumerate(noises) for name in {OWN.get(noise), "straight_through"}
                      if name in proxies]
            heat(panel, wrong(grid, measure), texts, [called(proxy) for proxy in proxies], [NOISES[noise] for noise in noises],
                 framed=framed, colour=figures.SERIES[0])
            layers = kind.count("-") + 1
            panel.set_title(f"{MEASURES[measure]},\n{layers} layer{'s' if layers > 1 else ''}")
            panel.tick_params(axis="x", rotation=40)
            for name in panel.get_xticklabels():
                name.set(ha="right", rotation_mode="anchor")
    return drawing


def wrong(grid, measure):
    """How wrong the values are, 0 to 1: the shade of a map."""
    if measure == "cosine":
        return (1 - grid) / 0.4
    if measure == "along":
        return np.abs(np.log(np.abs(grid))) / np.log(30)
    return np.log(grid.clip(0.03) / 0.03) / np.log(1000)


def called(label):
    """A proxy's name in figure and table."""
    return WORDS.get(label, figures.words(label))


def words(table):
    """Under how many noises the matched proxy has the least bias, and how wrong the length of the worst is."""
    found = means(table)
    kinds = list(dict.fromkeys(found.problem_widths.astype(str)))
    deepest = max(kinds, key=lambda kind: kind.count("-"))
    grid = found[(found.problem_widths.astype(str) == deepest) & (found.group == "layer0")].set_index(["problem_noise", "label"])
    best = grid.bias.unstack().idxmin(axis=1)
    layers = deepest.count("-") + 1
    right = [noise for noise, label in best.items() if label in ("straight_through", OWN.get(noise))]
    (noise, label), worst = grid.along.abs().idxmax(), grid.along.abs().max()
    answer = (f"The proxy that is the mean of the noise has the least bias under {len(right)} of {len(best)} noises; one of the "
              f"wrong steepness, {called(label)} under {NOISES[noise].split(',')[0]} noise, is {short(worst)} times too long behind "
              f"{layers} layers.")
    one = grid.cosine[noise, label]
    return Words(answer, f"{short(worst)} times the length, at a cosine of {one:.2f}: what changes is the length, hardly the direction.")


def tables(table):
    """The scale of every layer of the deepest networks: what a wrong constant does layer by layer; the best first."""
    found = means(table)
    kinds = found.problem_widths.astype(str)
    deepest = found[(kinds == max(kinds, key=lambda kind: kind.count("-"))) & (found.group != "all")]
    wide = deepest.pivot_table("along", ["problem_noise", "label"], "group", sort=False).reset_index()
    layers = [column for column in wide if str(column).startswith("layer")]
    order = {noise: place for place, noise in enumerate(dict.fromkeys(wide.problem_noise))}
    wide = wide.assign(place=wide.problem_noise.map(order), far=np.log(wide.layer0.abs()).abs()).sort_values(["place", "far"])
    frame = pd.DataFrame({"noise": wide.problem_noise.map(NOISES), "proxy": [called(label) for label in wide.label]}, wide.index)
    for layer in layers:
        frame[f"scale, {layer}"] = aligned(wide[layer])
    return frame.set_index("noise")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables,
              fields=("widths", "noise", "seed"))
