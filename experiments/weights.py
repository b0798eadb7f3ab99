"""Which rule passes the gradient to Bernoulli weights, as the weights become certain?

Identity and BayesBiNN estimate the derivative by the weights' means, a natural-gradient step; the others that by the latent weights,
beside which all are shown: the two differ by 2 F'(latent) per weight, so the first lose direction and grow in length with the scale.  At
its published constants BayesBiNN never sees its relaxation.  Medians over networks, bars from the least to the greatest, estimators of one
scale side by side; relaxed estimators are sampled, the others exact; where a sampled length is not known to a quarter of itself,
direction and length are left out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Suppressed
from straightedge.analysis.cell.way import way
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, short
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
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
MEASURES = {"direction": "cosine of mean with exact gradient", "along": "scale <mean, g> / |g|²", "deviation": "standard deviation / |g|"}
ASIDE = 1.07
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
    """Direction and length of the mean, spread of one estimate, against the scale of the latent weights; estimators side by side."""
    wide = networks(table)
    found, least, most = (over(wide, how) for how in ("median", "min", "max"))
    drawing, axes = figures.panels(*((3, 1, 7.0) if figures.narrow() else (1, 3, 3.2)))
    labels = list(dict.fromkeys(found.label))
    for panel, (measure, title) in zip(axes.flat, MEASURES.items(), strict=True):
        for place, label in enumerate(labels):
            rows, aside = found[found.label == label], ASIDE ** (place - (len(labels) - 1) / 2)
            ends = (rows[measure] - least[measure].loc[rows.index], most[measure].loc[rows.index] - rows[measure])
            panel.errorbar(rows.problem_scale * aside, rows[measure], ends, elinewidth=0.6, **style(label))
        ticks = sorted(found.problem_scale.unique())
        panel.set(xscale="log", xlabel="standard deviation of latent weights", title=title)
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.xaxis.set_minor_locator(figures.no_ticks())
    axes.flat[1].set_yscale("log")
    axes.flat[2].set_yscale("log")
    figures.legend(drawing, labels, [named(label) for label in labels], [figures.Line2D([], [], **style(label)) for label in labels])
    return drawing


def style(label):
    """The estimator's mark; published BayesBiNN dotted and black inside, to stand apart from the sane one."""
    mark = figures.mark(label)
    return mark | {"markerfacecolor": "black", "linestyle": ":"} if named(label).endswith("(published)") else mark


def named(label):
    """The estimator's name; the published constants by that name."""
    if not label.startswith("bayesbinn"):
        return figures.words(label)
    return "BayesBiNN (published)" if "1e-10" in label else figures.words(label)


def words(table):
    """Who points the right way where the weights are most certain."""
    found = over(networks(table), "median")
    scale = found.problem_scale.max()
    last = found[(found.problem_scale == scale) & found.direction.notna()].sort_values("direction", ascending=False)
    good, bad = last[last.direction > 0.95], last[last.direction <= 0.95]
    parts = [f"{named(row.label)} has cosine {row.direction:.2f}" for row in bad.itertuples()]
    answer = f"{listed(map(named, good.label)) if len(good) else 'No estimator'} still point{'s' * (len(good) < 2)} the right way"
    row = found[(found.label == "identity") & (found.problem_scale == scale)]
    number = f"{short(row.along.iloc[0])} times the gradient's length, along it, is identity's mean at scale {scale:g}." if len(row) else \
        f"{parts[0] if parts else 'none'}."
    return Words(f"Where weights are nearly certain (scale {scale:g}) {answer}{'; ' * bool(parts)}{listed(parts)}.", number)


def tables(table):
    """The medians, grouped by scale, the best direction first."""
    found = over(networks(table), "median").sort_values(["problem_scale", "direction"], ascending=[True, False])
    frame = pd.DataFrame({"scale of latent weights": found.problem_scale.map("{:g}".format), "estimator": found.label.map(named),
                          "cosine of mean": aligned(found.direction), "length / |g|": aligned(found.along),
                          "deviation / |g|": aligned(found.deviation)})
    return frame.set_index("scale of latent weights")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, fields=("scale", "seed"))
