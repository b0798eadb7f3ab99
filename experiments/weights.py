"""Which rule passes the gradient to Bernoulli weights, as the weights become certain?

Identity and BayesBiNN estimate the derivative by the weights' means, a natural-gradient step; the others that by the latent weights,
beside which all are shown: the two differ by 2 F'(latent) per weight, so the first lose direction and grow in length with the scale.
At its published constants BayesBiNN never sees its relaxation.  Medians over networks, bars from the least to the greatest; relaxed
estimators are sampled, the others exact; where a sampled length is not known to a quarter of itself, direction and length are left out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.problem.bernoulli import BernoulliWeights
from straightedge.estimators.base import Estimator
from straightedge.estimators.bayesbinn import Bayesbinn
from straightedge.estimators.darn import Darn
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.identity import Identity
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments.runner.study import Study

PUBLISHED, SANE = Bayesbinn(1e-10, 1e-10), Bayesbinn(0.5)
ESTIMATORS = (StraightThrough(), Identity(), Darn(), Reinforce(), GumbelSoftmax(), SANE, PUBLISHED)


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    scales: tuple[float, ...] = (0.1, 0.3, 1.0, 2.0, 4.0)
    """Standard deviations of the latent weights; F = s(2 latent)."""
    networks: int = 5
    """Random networks and data sets."""
    rows: int = 20_000
    """Sampled estimates of each seed."""
    seeds: int = 3
    """Independent replicates."""


SMOKE = Config(scales=(0.3, 2.0), networks=2, rows=200, seeds=2)
PAPER = Config(networks=20, rows=20_000, seeds=10)


def cells(config):
    """Every estimator at every scale; relaxed states are sampled."""
    problems = [BernoulliWeights(scale=scale, seed=seed) for scale in config.scales for seed in range(config.networks)]
    ways = {estimator: way(problems[0], estimator) for estimator in config.estimators}
    return [Cell(problem, estimator, config.rows, config.seeds, method=ways[estimator])
            for problem in problems for estimator in config.estimators]


def networks(table):
    """Scale, estimator and network: the mean's cosine and scale, and deviation / |g|; nan where a sampled length is not known."""
    keys = ["label", "problem_scale", "problem_seed"]
    wide = table[(table.group == "all") & (table.draws == 1)].pivot_table("value", keys, "metric", sort=False).reset_index()
    errors = table[table.group == "all"].pivot_table("error", keys, "metric", sort=False).reset_index()
    wide["along"] = wide.along.where(errors.along < 0.25 * wide.along.abs())
    length2 = wide.bias2 + (2 * wide.along - 1) * wide.exact2
    wide["direction"] = (wide.along * np.sqrt(wide.exact2 / length2.where(errors.bias2 < 0.25 * length2))).clip(-1, 1)
    wide["deviation"] = np.sqrt(wide.variance / wide.exact2)
    return wide


def over(wide, how):
    """One row for each estimator and scale: median, min or max over the networks, nan where one of them is."""
    groups = wide.groupby(["label", "problem_scale"], sort=False)[["direction", "along", "deviation"]]
    return groups.agg(lambda values: getattr(values, how)(skipna=False)).reset_index()


def figure(table):
    """Direction and length of the mean, spread of one estimate, against the scale of the latent weights."""
    wide = networks(table)
    found, least, most = (over(wide, how) for how in ("median", "min", "max"))
    drawing, axes = figures.panels(1, 3, 3.3)
    for panel, measure in zip(axes[0], ("direction", "along", "deviation"), strict=True):
        for label, rows in found.groupby("label", sort=False):
            ends = (rows[measure] - least[measure].loc[rows.index], most[measure].loc[rows.index] - rows[measure])
            panel.errorbar(rows.problem_scale, rows[measure], ends, elinewidth=0.6, **style(label))
        panel.set(xscale="log", xlabel="standard deviation of latent weights")
    for panel, title in zip(axes[0], ("cosine of mean with exact gradient", "scale <mean, g> / |g|²", "standard deviation / |g|"),
                            strict=True):
        panel.set_title(title)
    axes[0, 1].set_yscale("log")
    axes[0, 2].set_yscale("log")
    handles = [figures.Line2D([], [], **style(label)) for label in dict.fromkeys(found.label)]
    names = [words(label) for label in dict.fromkeys(found.label)]
    drawing.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
    return drawing


def style(label):
    """The estimator's mark; published BayesBiNN dotted and black inside, to stand apart from the sane one."""
    mark = figures.mark(label)
    return mark | {"markerfacecolor": "black", "linestyle": ":"} if words(label).endswith("published") else mark


def words(label):
    """The estimator's name; the published constants by that name."""
    if not label.startswith("bayesbinn"):
        return figures.words(label)
    return "BayesBiNN, published" if "1e-10" in label else figures.words(label)


def tables(table):
    """The medians, one row for each estimator and scale."""
    found = over(networks(table), "median")
    cosine = found.direction.map("{:.3f}".format).where(found.direction.notna(), "")
    return pd.DataFrame({"estimator": found.label.map(words), "scale of latent weights": found.problem_scale, "cosine of mean": cosine,
                         "length": found.along.map("{:.3g}".format),
                         "deviation": found.deviation.map("{:.3g}".format)})


STUDY = Study(__name__, __doc__, Config, cells, {"figure": figure}, SMOKE, PAPER, tables=tables, fields=("scale", "seed"))
