"""Which estimator trains a discrete variational autoencoder, and do published rankings hold where the ELBO is exact?

Black and white images, Bernoulli bits under a fair prior, independent pixels; the loss is the negative ELBO in nats an image.  Where a
table of all codes is in reach it and its gradient are exact throughout, so that curves have no noise of evaluation.  On one side the loss
of Adam with every estimator, one estimate a step, less that with the exact gradient after as many steps; on the other the cosine of one
estimate with the exact gradient, encoder, along the course of the exact one.  Beyond 16 bits the course is DisARM's, losses are sampled
and a long run of REINFORCE is the reference.  Lines are means over networks, bars their 95 % intervals.  A picture of its own holds
published orders against the losses, paired by network: where they hold, the difference is negative.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Reference, Suppressed
from straightedge.analysis.cell.score import Score
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, said
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.figure.ranking import Order, beside, beyond, guide, judged, mean, orders, ranking, told
from straightedge.analysis.problem.vae import ImageAutoencoder
from straightedge.estimators.arm import Arm
from straightedge.estimators.arms import Arms
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of, label_of, words_of
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.exact import Exact
from straightedge.estimators.gumbel_rao import GumbelRao
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.identity import Identity
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.rodeo import Rodeo
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr
from straightedge.experiments.runner.study import Study

PAIR, FOUR = (Reinforce(baseline="leave_one_out", samples=samples) for samples in (2, 4))
ESTIMATORS = (Arm(), Disarm(), PAIR, FOUR, Arms(), Rodeo(), StraightThrough(), Tempered(), Identity(), GumbelSoftmax(), StGumbel(),
              GumbelRao(), Zgr())
"""ReinMax at its default is ZGR."""
PUBLISHED = tuple(Order(label_of(better), label_of(worse), paper) for better, worse, paper in (
    (Disarm(), Arm(), "Dong et al. 2020"), (Disarm(), PAIR, "Dong et al. 2020"), (Arms(), FOUR, "Dimitriev, Zhou 2021"),
    (Rodeo(), PAIR, "Shi et al. 2022"), (Rodeo(), Disarm(), "Shi et al. 2022"), (Zgr(), StraightThrough(), "Liu et al. 2023, as ReinMax"),
    (Zgr(), StGumbel(), "Liu et al. 2023, as ReinMax"), (Zgr(), GumbelRao(), "Liu et al. 2023, as ReinMax"),
    (GumbelRao(), StGumbel(), "Paulus et al. 2021")))
EXACT = 16
"""Bits up to which everything is exact."""
FIELDS = ("bits", "images", "trainer", "steps", "seed", "device")
METRICS = ("bias2", "variance", "exact2", "cosine", "efficiency", "reference_error")


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    bits: tuple[int, ...] = (12,)
    """Widths of the code; exact up to 16, of up to 24 no more than that would take too long, and sampled beyond 16."""
    images: str | None = None
    """A folder of images in IDX format, gzipped or not; the digits that scikit-learn ships if not given."""
    points: int = 500
    """Images, the first of a shuffle."""
    steps: tuple[int, ...] = (0, 30, 100, 300, 1000)
    """Of training, where the loss and accuracy are measured."""
    rate: float = 0.01
    """Learning rate of Adam."""
    networks: int = 5
    """Initial networks, each with its own choice of images."""
    rows: int = 100
    """Sampled estimates of each seed."""
    seeds: int = 2
    """Independent replicates."""
    reference_rows: int = 20_000
    """Estimates of the long run that is the reference beyond 16 bits."""
    device: str = "cpu"
    """Where networks are trained and measured: cpu, cuda or cuda:1."""


SMOKE = Config((StraightThrough(), Disarm()), (3,), points=20, steps=(0, 20), networks=2, rows=50)
PAPER = Config(bits=(12, 14, 200), points=1000, steps=(0, 100, 1000, 10_000), rate=0.003, rows=200)
"""About ten hours on two cores, reckoned from the seconds of a step; a third of them is what RODEO learns at 200 bits."""


def cells(config):
    """The loss at every checkpoint of every course of training, and every estimator's accuracy at those of one of them."""
    losses, accuracy = [], []
    for bits in config.bits:
        guide, reference = (Exact(), None) if bits <= EXACT else (Disarm(), Reference(FOUR, config.reference_rows))
        for seed in range(config.networks):
            def at(steps, trainer, bits=bits, seed=seed):
                return ImageAutoencoder(bits, config.images, config.points, steps, trainer, config.rate, seed, config.device)

            for trainer in map(words_of, dict.fromkeys((guide, *config.estimators))):
                losses += [Score(at(steps, trainer), rows=max(1, steps)) for steps in config.steps]
            accuracy += [Cell(at(steps, words_of(guide)), estimator, config.rows, config.seeds, method="sampled", device=config.device,
                              reference=reference)
                         for steps in config.steps for estimator in config.estimators]
    return [*losses, *accuracy]


def keep(table):
    """The losses of training, and what accuracy is made of."""
    ends = table.estimator == "exact"
    return ends & (table.metric == "loss") | ~ends & table.group.isin(("layer0", "all")) & table.metric.isin(METRICS)


def losses(table):
    """One row for each number of bits, trainer (its label), checkpoint and seed."""
    ends = table[(table.estimator == "exact") & (table.metric == "loss")]
    labels = {trainer: label_of(estimator_of(trainer)) for trainer in ends.problem_trainer.unique()}
    return ends.assign(trainer=ends.problem_trainer.map(labels))


def accuracies(table):
    """One row for each number of bits, estimator, checkpoint and seed, of the encoder's gradient; squares of bias and deviation over |g|^2,
    which are negative by chance where there is no bias, and are rooted after they are averaged."""
    part = table[(table.estimator != "exact") & (table.group == "layer0")]
    wide = part.pivot_table("value", ["problem_bits", "label", "problem_steps", "problem_seed"], "metric", sort=False).reset_index()
    return wide.assign(bias=wide.bias2 / wide.exact2, deviation=wide.variance / wide.exact2)


def figure(table):
    """For each number of bits the loss beyond the common course's, and the cosine along it."""
    ends, accuracy = losses(table), accuracies(table)
    widths = list(dict.fromkeys(ends.problem_bits))
    shape = (2 * len(widths), 1) if figures.narrow() else (len(widths), 2)
    drawing, axes = figures.panels(*shape, 0.8 + 2.6 * shape[0], sharex=True)
    for bits, (left, right) in zip(widths, axes.reshape(-1, 2), strict=True):
        part = ends[(ends.problem_bits == bits) & (ends.problem_steps > 0)]
        base, steps, least = guide(part), sorted(part.problem_steps.unique()), np.inf
        for label in dict.fromkeys(part.trainer):
            if label != base:
                found = [mean(beyond(part[part.problem_steps == step], label, base)) for step in steps]
                least = min(least, *(value for value, _ in found))
                left.errorbar(steps, [value for value, _ in found], [half for _, half in found], elinewidth=0.6,
                              **figures.mark(label) | {"markersize": 3.5})
        for label, rows in accuracy[accuracy.problem_bits == bits].groupby("label", sort=False):
            means = rows[rows.problem_steps > 0].groupby("problem_steps").cosine.mean()
            right.plot(means.index, means, **figures.mark(label) | {"markersize": 3.5})
        right.axhline(0, color="0.7", linewidth=0.6, zorder=0)
        left.set(xscale="log", yscale="log" if least > 0 else "symlog", ylabel=f"nats beyond {beside(part)}")
        left.set_title(f"{bits} bits, {part.problem_images.iloc[0]}")
        figures.decimal(left.yaxis)
        right.set(ylim=(None, 1), ylabel="cosine, encoder")
    for panel in axes[-1]:
        panel.set_xlabel("steps")
    figures.legend(drawing, list(dict.fromkeys(accuracy.label)))
    return drawing


def words(table):
    """Who ends nearest to the exact gradient, and who furthest."""
    ends, parts, lead = losses(table), [], ""
    for bits, part in ends.groupby("problem_bits", sort=False):
        last, base = part[part.problem_steps == part.problem_steps.max()], guide(part)
        found = {label: mean(beyond(last, label, base)) for label in dict.fromkeys(last.trainer) if label != base}
        best, worst = (choose(found, key=lambda label: found[label][0]) for choose in (min, max))
        against = beside(part)
        parts.append(f"at {bits} bits {said(best)} ends {told(*found[best])} nats an image beside {against}, {said(worst)} "
                     f"{told(*found[worst])}")
        lead = lead or f"{told(*found[best])} nats an image is what {said(best)} costs beside {against} at {bits} bits."
    return Words(f"After {ends.problem_steps.max()} steps, {listed(parts)}.", lead)


def ranked(table):
    """Whether published orders hold."""
    return ranking(orders(losses(table), PUBLISHED))


def verdicts(table):
    """How many do, and which do not."""
    return judged(orders(losses(table), PUBLISHED))


def tables(table):
    """For every number of bits and estimator: the last loss, that beyond the common course's, and the encoder's accuracy along it."""
    ends, accuracy, lines = losses(table), accuracies(table), []
    for bits, part in ends.groupby("problem_bits", sort=False):
        last, base, first = part[part.problem_steps == part.problem_steps.max()], guide(part), part.problem_steps.min()
        for label in last.groupby("trainer").value.mean().sort_values().index:
            difference, half = mean(beyond(last, label, base))
            line = {"network": f"{bits} bits, {part.problem_images.iloc[0]}", "estimator": figures.words(label),
                    "loss, nats an image": last[last.trainer == label].value.mean(), f"beyond {said(base)}": difference, "±": half}
            mine = accuracy[(accuracy.problem_bits == bits) & (accuracy.label == label)]
            for measure in ("cosine", "bias", "deviation", "efficiency"):
                for when, step in (("start", first), ("end", part.problem_steps.max())):
                    value = mine[mine.problem_steps == step][measure].mean() if len(mine) else np.nan
                    line[f"{measure}, {when}"] = np.sqrt(np.maximum(value, 0)) if measure in ("bias", "deviation") else value
            lines.append(line)
    found = pd.DataFrame(lines)
    numbers = found.select_dtypes("number").columns
    return found.assign(**{name: aligned(found[name], 4 if name.startswith("loss") else 3) for name in numbers}).set_index("network")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words), "ranking": Picture(ranked, verdicts)}, SMOKE, PAPER,
              tables=tables, keep=keep, fields=FIELDS)
