"""Which estimator trains a text autoencoder, and how accurate is each on the way?

Word counts, Bernoulli bits, a softmax over the vocabulary; the loss is the multinomial negative log-likelihood in nats a document.
Above, the exact training loss of Adam with every estimator, one estimate a step, less that of Adam with the exact gradient after as
many steps; behind the dotted line the correction, steps of ARM with ten samples, for both.  Below, every estimator's cosine with the
exact gradient along the course of the exact one.  The documents are generated from a topic model unless --corpus names real ones.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from straightedge.analysis.cell.cell import Cell, Reference, Suppressed
from straightedge.analysis.cell.score import Score
from straightedge.analysis.figure import look as figures
from straightedge.analysis.figure.name import listed, said
from straightedge.analysis.figure.number import aligned
from straightedge.analysis.figure.picture import Picture, Words
from straightedge.analysis.figure.ranking import beside, guide
from straightedge.analysis.problem.autoencoder import Autoencoder
from straightedge.analysis.problem.retrieval import Judged
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of, label_of, words_of
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.exact import Exact
from straightedge.estimators.gumbel_rao import GumbelRao
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.identity import Identity
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.tempered import Tempered
from straightedge.estimators.zgr import Zgr
from straightedge.experiments.runner.study import Study

ESTIMATORS = (Arm(), Disarm(), Reinforce(baseline="leave_one_out", samples=4), StraightThrough(), Tempered(), Identity(), GumbelSoftmax(),
              StGumbel(), GumbelRao(), Zgr())
FIELDS = ("bits", "corpus", "trainer", "steps", "correction", "seed", "device")
METRICS, QUALITY = ("bias2", "variance", "exact2", "cosine", "efficiency", "reference_error"), ("precision", "perplexity")
EXACT = 16
"""Bits up to which everything is exact."""


@dataclass(frozen=True)
class Config:
    """Defaults are the published figure."""

    estimators: Suppressed[tuple[Estimator, ...]] = ESTIMATORS
    bits: tuple[int, ...] = (8, 12)
    """Widths of the code; up to 16 all is exact, by a table of 2^bits codes; beyond, DisARM's course stands for the exact one, losses are
    sampled, and a long run of REINFORCE is the reference, whose error enters once."""
    corpus: str | None = None
    """Word counts in svmlight format, or 20newsgroups for scikit-learn's download; generated if not given."""
    corpus_test: str | None = None
    """Documents of that format that are held out, for --quality."""
    quality: Literal["none", "auto", "precision", "perplexity"] = "none"
    """Of the codes after training and after the correction: precision at 100 by Hamming distance, which needs labels, or the perplexity of
    held out documents; auto takes precision where there are labels."""
    documents: int = 200
    """Generated, or the first ones of the corpus."""
    vocabulary: int | None = None
    """Words: the most frequent 2000 of a corpus, with --paper 10000, or 300 generated ones, with --paper 500, if not given."""
    words: Suppressed[tuple[int, int]] = (300, 2000)
    steps: tuple[int, ...] = (0, 100, 300, 1000)
    """Of training, where the loss and accuracy are measured."""
    correction: int = 300
    """Steps of ARM with ten samples at the end."""
    rate: float = 0.001
    """Learning rate of Adam."""
    networks: int = 1
    """Initial networks, and generated corpora."""
    rows: int = 200
    """Sampled estimates of each seed."""
    seeds: int = 2
    """Independent replicates."""
    reference_rows: int = 20_000
    """Estimates of the long run."""
    device: str = "cpu"
    """Where networks are trained and measured: cpu, cuda or cuda:1."""


SMOKE = Config((StraightThrough(), Disarm()), (3,), documents=20, vocabulary=30, steps=(0, 20), correction=10, rows=100)
PAPER = Config(bits=(8, 12, 16), documents=500, words=(500, 10_000), steps=(0, 100, 300, 1000, 3000), correction=1000, networks=3, rows=500)


def cells(config):
    """The loss at every checkpoint of every course of training, and every estimator's accuracy at those of the exact one."""
    losses, accuracy, quality = [], [], []
    data = config.corpus, config.documents, config.words[config.corpus is not None] if config.vocabulary is None else config.vocabulary
    for bits in config.bits:
        for seed in range(config.networks):
            def at(steps, trainer="exact", correction=0, bits=bits, seed=seed):
                return Autoencoder(bits, *data, steps, trainer, correction, config.rate, seed, config.device)

            guide, reference = (Exact(), None) if (exact := bits <= EXACT) else (Disarm(), Reference(ESTIMATORS[2], config.reference_rows))
            for trainer in map(words_of, dict.fromkeys((guide, *config.estimators))):
                courses = [at(steps, trainer) for steps in config.steps] + [at(config.steps[-1], trainer, config.correction)]
                losses += [Cell(one, Exact(), method="exact", device=config.device) if exact else Score(Judged(one, "loss"))
                           for one in courses]
                if config.quality != "none":
                    quality += [Score(Judged(at(config.steps[-1], trainer, late), config.quality, config.corpus_test))
                                for late in (0, config.correction)]
            accuracy += [Cell(at(steps, words_of(guide)), estimator, config.rows, config.seeds, method="sampled", device=config.device,
                              reference=reference)
                         for steps in config.steps for estimator in config.estimators]
    return [*losses, *accuracy, *quality]


def keep(table):
    """The losses of training, and what accuracy is made of."""
    ends = table.estimator == "exact"
    return ends & table.metric.isin(("loss", *QUALITY)) | ~ends & (table.group.isin(("layer0", "all"))) & table.metric.isin(METRICS)


def losses(table):
    """One row for each number of bits, trainer (its label), checkpoint and seed; `total` counts the steps of the correction too."""
    ends = table[(table.estimator == "exact") & (table.metric == "loss")]
    labels = {trainer: label_of(estimator_of(trainer)) for trainer in ends.problem_trainer.unique()}
    return ends.assign(trainer=ends.problem_trainer.map(labels), total=ends.problem_steps + ends.problem_correction)


def accuracies(table):
    """One row for each number of bits, estimator, checkpoint and seed: of the encoder's gradient."""
    part = table[(table.estimator != "exact") & (table.group == "layer0")]
    wide = part.pivot_table("value", ["problem_bits", "label", "problem_steps", "problem_seed"], "metric", sort=False).reset_index()
    return wide.assign(bias=np.sqrt(wide.bias2.clip(lower=0) / wide.exact2), deviation=np.sqrt(wide.variance / wide.exact2))


def judged(table, bits, label):
    """What the codes are worth after training and after the correction, where it was asked for."""
    part = table[table.metric.isin(QUALITY) & (table.problem_bits == bits)]
    part = part[part.problem_trainer.map(lambda one: label_of(estimator_of(one))) == label] if len(part) else part
    return {f"{metric}{', corrected' if late else ''}": rows.value.mean()
            for (metric, late), rows in part.groupby(["metric", part.problem_correction > 0])}


def figure(table):
    """Loss beyond that with the exact gradient above, cosine below, a column for each number of bits."""
    ends, accuracy = losses(table), accuracies(table)
    widths = list(dict.fromkeys(ends.problem_bits))
    drawing, axes = figures.panels(2, len(widths), 6.2 if figures.narrow() else 5.4, sharex="col", sharey="row")
    for column, bits in enumerate(widths):
        above, below = axes[:, column]
        part = ends[ends.problem_bits == bits]
        exact = part[part.trainer == guide(part)].groupby("total").value.mean()
        for label, rows in part.groupby("trainer", sort=False):
            means = rows.groupby("total").value.mean() - exact
            above.plot(means.index, means, **figures.mark(label) | {"markersize": 3.5})
        for label, rows in accuracy[accuracy.problem_bits == bits].groupby("label", sort=False):
            means = rows.groupby("problem_steps").cosine.mean()
            below.plot(means.index, means, **figures.mark(label) | {"markersize": 3.5})
        above.axvline(part.problem_steps.max(), color="0.7", linewidth=0.6, linestyle=":")
        above.set_title(f"{bits} bits,{chr(10) if figures.narrow() else ' '}{part.problem_corpus.iloc[0]} corpus")
        below.set(xlabel="steps")
        below.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    axes[0, 0].set_ylabel(f"loss beyond {beside(ends)}'s,\nnats a document")
    axes[1, 0].set(ylim=(None, 1), ylabel="cosine of one estimate,\nencoder")
    figures.legend(drawing, list(dict.fromkeys(ends.trainer)))
    return drawing


def words(table):
    """Who trains to the lowest loss, beside the exact gradient, at every number of bits."""
    last = losses(table).query("problem_steps == problem_steps.max() and problem_correction == 0", engine="python")
    parts, lead = [], []
    for bits, rows in last.groupby("problem_bits", sort=False):
        row, base, name = rows.groupby("trainer", sort=False).value.mean(), guide(rows), beside(rows)
        best = row.drop(base).idxmin()
        parts.append(f"{said(best)} at {bits} bits ({row[best] - row[base]:+.2f}{'' if parts else f' nats a document beside {name}'})")
        lead.append(f"{row[best]:.2f} nats a document with {said(best)}, {row[base]:.2f} with {name}, at {bits} bits")
    count = last.problem_seed.nunique()
    when = f"After {last.problem_steps.max()} steps, {count} network{'s' * (count > 1)} a width"
    return Words(f"{when}, the lowest loss is that of {listed(parts)}.", f"{lead[-1]}.")


def tables(table):
    """For every number of bits and estimator: losses after training and correction, the encoder's accuracy; the lowest loss first."""
    ends, accuracy, lines = losses(table), accuracies(table), []
    for (bits, label), rows in ends.groupby(["problem_bits", "trainer"], sort=False):
        last = rows[rows.problem_steps == rows.problem_steps.max()]
        before, after = (last[chosen].value.mean() for chosen in (last.problem_correction == 0, last.problem_correction > 0))
        line = {"network": f"{bits} bits, {rows.problem_corpus.iloc[0]} corpus", "estimator": figures.words(label),
                "loss, nats a document": before, "corrected": after} | judged(table, bits, label)
        mine = accuracy[(accuracy.problem_bits == bits) & (accuracy.label == label)]
        for measure in ("cosine", "bias", "deviation", "efficiency"):
            for when, step in (("start", rows.problem_steps.min()), ("end", rows.problem_steps.max())):
                line[f"{measure}, {when}"] = mine[mine.problem_steps == step][measure].mean() if len(mine) else np.nan
        lines.append(line)
    found = pd.DataFrame(lines)
    order = list(dict.fromkeys(found.network))
    found = found.assign(place=found.network.map(order.index)).sort_values(["place", "loss, nats a document"]).drop(columns="place")
    numbers = found.select_dtypes("number").columns
    digits = {name: 5 if name in ("loss, nats a document", "corrected") else 4 if name.startswith(QUALITY) else 3 for name in numbers}
    return found.assign(**{name: aligned(found[name], digits[name]) for name in numbers}).set_index("network")


STUDY = Study(__name__, __doc__, Config, cells, {"figure": Picture(figure, words)}, SMOKE, PAPER, tables=tables, keep=keep, fields=FIELDS)
