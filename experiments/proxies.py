"""Which proxy belongs to which noise, and what does a wrong one do?

The mean of the estimate, exactly, beside the exact gradient of the layer next to the data: direction, scale, relative bias.  The
proxy that is the mean of the noise, outlined, is right at one layer as far as straight-through is; a proxy of the wrong steepness
changes the length, once for every Bernoulli layer, far more than the direction.  Medians over random networks.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
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
MEASURES = {"cosine": "cosine of mean", "along": "scale <mean, g> / |g|²", "bias": "|bias| / |g|"}


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
    """Heat maps of noise by proxy: cosine, scale and relative bias of the layer next to the data, a row for each depth."""
    found = means(table)
    kinds = list(dict.fromkeys(found.problem_widths.astype(str)))
    noises = [noise for noise in NOISES if noise in set(found.problem_noise)]
    proxies = [name for name in PROXIES if name in set(found.label)]
    proxies += [name for name in dict.fromkeys(found.label) if name not in PROXIES]
    drawing, axes = figures.panels(len(kinds), 3, 2.6 * len(kinds) + 0.3, sharex=True, sharey=True)
    for row, kind in enumerate(kinds):
        part = found[(found.problem_widths.astype(str) == kind) & (found.group == "layer0")]
        for panel, measure in zip(axes[row], MEASURES, strict=True):
            grid = part.pivot(index="problem_noise", columns="label", values=measure).loc[noises, proxies].to_numpy()
            heat(panel, grid, measure)
            for index, noise in enumerate(noises):
                for place in {proxies.index(name) for name in (OWN.get(noise), "straight_through") if name in proxies}:
                    outline = figures.Rectangle((place - 0.5, index - 0.5), 1, 1, fill=False, linewidth=1.4, clip_on=False, zorder=3)
                    panel.add_patch(outline)
            layers = kind.count("-") + 1
            panel.set_title(f"{layers} layer{'s' if layers > 1 else ''}: {MEASURES[measure]}")
            panel.set_xticks(range(len(proxies)), [called(proxy) for proxy in proxies], rotation=40, ha="right")
            panel.set_yticks(range(len(noises)), [NOISES[noise] for noise in noises])
    for panel in axes[-1]:
        panel.set_xlabel("proxy")
    for panel in axes[:, 0]:
        panel.set_ylabel("noise")
    return drawing


def heat(panel, grid, measure):
    """A heat map with its numbers; the middle of the colours is what is right for cosine and scale."""
    shade = {"cosine": grid, "along": -np.abs(np.log(np.abs(grid))), "bias": -np.log(grid.clip(1e-3))}[measure]
    low, high = {"cosine": (0.6, 1), "along": (-np.log(30), 0), "bias": (-np.log(30), -np.log(0.03))}[measure]
    panel.imshow(shade, cmap="Greys_r", vmin=low - 0.6 * (high - low), vmax=high, aspect="auto")
    dark = (shade - low) / (high - low) < 0.3
    for (row, column), value in np.ndenumerate(grid):
        text = f"{value:.2f}" if measure == "cosine" or value < 10 else f"{value:.0f}"
        panel.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if dark[row, column] else "black")
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)


def called(label):
    """A proxy's name in figure and table."""
    return WORDS.get(label, figures.words(label))


def tables(table):
    """The scale of every layer of the deepest networks: what a wrong constant does layer by layer."""
    found = means(table)
    kinds = found.problem_widths.astype(str)
    deepest = found[(kinds == max(kinds, key=lambda kind: kind.count("-"))) & (found.group != "all")]
    wide = deepest.pivot_table("along", ["problem_noise", "label"], "group", sort=False).reset_index()
    layers = [column for column in wide if str(column).startswith("layer")]
    frame = pd.DataFrame({"noise": wide.problem_noise.map(NOISES), "proxy": [called(label) for label in wide.label]})
    for layer in layers:
        frame[f"scale, {layer}"] = wide[layer].map("{:.2f}".format)
    return frame


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, fields=("widths", "noise", "seed"))
