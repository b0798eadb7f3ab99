"""Which noise, which rule, which way of asking: what trains networks of binary units, and of binary weights too?

`figure`: test error of ensembles of ten samples on scikit-learn's digits, units binary on the left (Algorithm 1), weights as well on the
right (Algorithm 2), three layers of units behind batch norm, Adam.  Every rule under four noises, at its own best of five learning rates
by images that were not trained on; bars are 95 % intervals over seeds.  Filled: the rule, or its proxy, is the noise's own.  `scale`: test
error by the standard deviation of initial pre-activations, in that of logistic noise, and by the way of asking; on the right two pairs of
convolutions, where torch's own batch norm has the ratio 0.55.
"""

from dataclasses import dataclass

import pandas as pd

from straightedge.analysis.cell.cell import Suppressed
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.choosing import scale, scale_words
from straightedge.analysis.figure.lesson import FIELDS, best, mean, reached
from straightedge.analysis.figure.name import percent, said
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.lesson.classifier import Classifier
from straightedge.analysis.lesson.evaluation import WAYS
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.estimators.base import Estimator
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.deterministic import Deterministic
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.identity import Identity
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr
from straightedge.experiments.runner.study import Study

RULES = (StraightThrough(), Tempered(), Identity(), ClippedIdentity(), Zgr(), Deterministic(), GumbelSoftmax(), StGumbel())
MARKERS = {"logistic": "o", "uniform": "s", "triangular": "^", "normal": "D"}
NEW = 0.5513
"""Ratio of pre-activations to logistic noise behind batch norm as torch initialises it: 1 / 1.81."""


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = RULES
    noises: tuple[str, ...] = ("logistic", "uniform", "triangular", "normal")
    """Of the units, and of the weights where they are binary."""
    images: str | None = None
    """A folder with images and labels in IDX format, or cifar10 for OpenML's download; scikit-learn's digits if not given."""
    images_used: int = 1797
    """The first so many of a shuffle."""
    widths: tuple[int, ...] = (32, 32, 32)
    """Units of each dense layer."""
    channels: tuple[int, ...] = (16, 32)
    """Of each pair of convolutions."""
    rates: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1)
    """Of Adam, for real weights."""
    latent_rates: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 100.0)
    """Of Adam in hundredths, for latent weights."""
    steps: int = 150
    """Of training, on mini-batches of 100."""
    seeds: int = 3
    """Independent courses."""
    ratios: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
    """Initial standard deviations of pre-activations in those of logistic noise."""
    convolution_steps: tuple[int, ...] = (48, 144)
    """Of convolutional networks: on digits six epochs, and eighteen."""
    device: str = "cpu"
    """Where networks are trained: cpu, cuda or cuda:1."""


SMOKE = Config((StraightThrough(), Deterministic()), ("logistic", "uniform"), images_used=300, widths=(6,), channels=(4,),
               rates=(0.01, 0.03), latent_rates=(30.0,), steps=5, seeds=2, ratios=(1.0, 2.0), convolution_steps=(3, 4))
PAPER = Config(widths=(256, 256, 256), channels=(64, 128), steps=2000, seeds=10, convolution_steps=(48, 480, 1920))


def cells(config):
    """Every rule under every noise at every rate, with real and binary weights; then scales, and convolutional networks."""
    def lesson(rule, noise, rate, ratio=1.0, binary=False, steps=config.steps, architecture="dense", samples=1):
        widths = config.widths if architecture == "dense" else config.channels
        problem = Classifier(config.images, config.images_used, architecture, widths, noise=noise, ratio=ratio, binary=binary, rate=rate,
                             steps=steps, samples=samples, device=config.device)
        return Lesson(problem, rule, steps, config.seeds, device=config.device)

    found = [lesson(rule, noise, rate, binary=binary) for binary in (False, True) for noise in config.noises for rule in config.estimators
             for rate in (config.latent_rates if binary else config.rates)]
    pair, first, few = (StraightThrough(), Deterministic()), config.noises[0], sorted(config.rates)[:3:2]
    found += [lesson(rule, first, rate, ratio) for rule in pair for ratio in config.ratios for rate in sorted(config.rates)[1:4]]
    found += [lesson(rule, first, rate, ratio, steps=steps, architecture="convolution", samples=samples)
              for rule, samples in ((pair[0], 1), (pair[1], 1), (pair[0], 4)) for ratio in (NEW, 2.0) for steps in config.convolution_steps
              for rate in few if samples == 1 or steps == config.convolution_steps[0]]
    return list(dict.fromkeys(found))


def keep(table):
    """Errors in every way of asking, and the loss."""
    return table.metric.str.startswith(("test_", "validation_")) | table.metric.isin(("loss", "certainty", "train_likeliest"))


def grid(table):
    """The courses that every rule shares: dense, at ratio 1."""
    found = reached(table)
    dense = found[(found.architecture == "dense") & (found.ratio == 1)]
    rules = [label for label, rows in dense.groupby("label", sort=False) if set(rows.binary) == {False, True}]
    return dense[dense.label.isin(rules)]


def matched(label, noise):
    """Whether a rule is the noise's own: straight-through is by its definition, the clipped identity is uniform noise's."""
    return label == "straight_through" or (label == "clipped_identity" and noise == "uniform")


def asked(label):
    """How the network is asked: one trained without noise has nothing to sample."""
    return "likeliest" if label.startswith("deterministic") else "ensemble"


def methods(table):
    """One row for each method at its best rate, asked by ensembles."""
    return best(grid(table), "ensemble")


def figure(table):
    """Test error of every method."""
    found = methods(table)
    labels = list(dict.fromkeys(found.label))
    drawing, axes = figures.panels(*((2, 1, 6.4) if figures.narrow() else (1, 2, 3.2)), sharey=True)
    for panel, (binary, part) in zip(axes.flat, found.groupby("binary", sort=False), strict=True):
        for place, (noise, rows) in enumerate(part.groupby("noise", sort=False)):
            for row in rows.itertuples():
                across, style = labels.index(row.label) + 0.17 * (place - 1.5), figures.mark(row.label)
                own = {"markerfacecolor": None if matched(row.label, noise) else "white", "fillstyle": "full", "linestyle": "none"}
                panel.plot([100 * row.low, 100 * row.high], [across, across], color=style["color"], linewidth=0.7)
                panel.plot([100 * row.error], [across], **{"color": style["color"], "marker": MARKERS.get(noise, "o"), "markersize": 3.5}
                           | {name: value for name, value in own.items() if value})
        panel.set(xlabel="test error of ensembles of ten, %", title="units and weights binary" if binary else "units binary")
        panel.set_xlim(left=0)
        panel.set_yticks(range(len(labels)), [figures.words(label) for label in labels])
    axes.flat[0].invert_yaxis()
    noises = list(dict.fromkeys(found.noise))
    figures.legend(drawing, noises, noises, [figures.Line2D([], [], color="0.3", marker=MARKERS.get(noise, "o"), linestyle="none")
                                             for noise in noises])
    return drawing


def words(table):
    """Whether matched rules are equal, and what others cost."""
    found = methods(table)
    real = found[found.binary == False]  # noqa: E712 - a column of objects
    own = real[real.label == "straight_through"]
    means = {label: mean(rows) for label, rows in real.groupby("label", sort=False)}
    worst = max(means, key=lambda label: means[label][0])
    value, half = means["straight_through"] if len(own) else means[worst]
    answer = (f"Matched to its noise, straight-through errs in {percent(value)} ± {percent(half)}, the mean over {len(own)} noises, from "
              f"{percent(own.error.min())} to {percent(own.error.max())}; {said(worst)} in {percent(means[worst][0])} ± "
              f"{percent(means[worst][1])}.")
    return Words(answer, f"{percent(value)} test error with the matched rule, the mean over noises.")


def tables(table):
    """For every kind of network, noise and rule: the test error in per cent in every way of asking, each at its own best rate; the interval
    is that of ensembles."""
    courses, parts = grid(table), []
    for way in (*WAYS, "recalibrated"):
        part = best(courses, way).set_index(["binary", "noise", "label"])
        parts.append(part.error.rename(way) * 100)
        if way == "ensemble":
            parts += [100 * part.low.rename("from"), 100 * part.high.rename("to"), part.rate.rename("at rate")]
    found = pd.concat(parts, axis=1).reset_index()
    kinds = found.binary.map({False: "units binary", True: "units and weights binary"})
    found = found.assign(network=kinds + ", " + found.noise + " noise", rule=found.label.map(figures.words))
    found = found.sort_values("ensemble", kind="stable").sort_values("network", kind="stable", key=lambda column: column.map(
        {name: place for place, name in enumerate(dict.fromkeys(found.network))}))
    numbers = ["likeliest", "mean", "sample", "ensemble", "from", "to", "recalibrated"]
    found["at rate"] = found["at rate"].map("{:g}".format)
    return found.assign(**{name: aligned(found[name], 2) for name in numbers}).set_index("network")[["rule", *numbers, "at rate"]]


PICTURES = {"figure": Picture(figure, words), "scale": Picture(scale, scale_words)}
STUDY = Study(__name__, __doc__, Config, cells, PICTURES, SMOKE, PAPER, tables=tables, keep=keep, fields=FIELDS)
