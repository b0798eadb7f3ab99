"""What the codes of a text autoencoder are worth: the loss where it has to be sampled, and retrieval by documents that are held out.

A document's code is the likeliest state of its bits.  Precision: the share of the training documents nearest to a held out one in Hamming
distance that have its label, ties broken at random, which is done exactly.  Perplexity, where there are no labels: the exponential of the
mean over held out documents of the loss in nats a word, from the document's own code; it is of a reconstruction, not of a generative model,
so that it stands below that of topic models by what the code says of the document.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.problem.archive import stamp
from straightedge.analysis.problem.autoencoder import Autoencoder
from straightedge.analysis.problem.held_out import HeldOut, held_out
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.scored import Scored
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.sample import draw

Quality = Literal["auto", "precision", "perplexity", "loss"]
PASSES, BLOCK = 256, 256
"""Sampled passes for the loss; queries held against the documents together."""


@dataclass(frozen=True)
class Judged(Scored):
    """An autoencoder and what is asked of it: `precision` where there are labels, else `perplexity` (auto), one of them, or the `loss`."""

    autoencoder: Autoencoder
    quality: Quality = "auto"
    test: str | None = None
    """Held out documents in svmlight format; generated for a generated corpus."""
    nearest: int = 100
    """Documents retrieved."""
    steps: int = field(default=0, init=False, repr=False)
    """Of training, by which a run tells how long it will take without training."""

    def __post_init__(self):
        object.__setattr__(self, "steps", self.autoencoder.steps + self.autoencoder.correction)

    def network(self):
        return self.autoencoder.network()

    def build(self):
        return self.autoencoder.build()

    @property
    def title(self):
        return self.autoencoder.name

    @property
    def name(self):
        return f"{self.autoencoder.name}, {self.quality}"

    def makers(self):
        return (type(self.autoencoder).__module__, f"straightedge.estimators.{self.autoencoder.trainer.partition(':')[0]}")

    def values(self):
        own = {"kind": "Judged", "quality": self.quality}
        if self.quality == "loss":
            return self.autoencoder.values() | own
        return self.autoencoder.values() | own | {"nearest": self.nearest, "test": self.documents().digest}

    def documents(self) -> HeldOut:
        """The held out documents.  Raises ProblemError where they are not what is asked for."""
        one = self.autoencoder
        stamps = one.stamp, stamp(Path(self.test)) if self.test else ()
        held = held_out(one.corpus, self.test, one.documents, one.vocabulary, one.seed, stamps)
        if self.quality == "precision" and not held.labelled:
            raise ProblemError(f"{one.corpus}: its documents all have the label {held.labels[0]:g}, and precision needs labels; expected a "
                               "class number at the begin of each line, or --quality perplexity")
        if self.precise(held) and self.nearest > len(held.labels):
            raise ProblemError(f"precision at {self.nearest}: the corpus has {len(held.labels)} documents; expected that many at least")
        return held

    def precise(self, held: HeldOut) -> bool:
        """Whether precision is measured."""
        return self.quality == "precision" or self.quality == "auto" and held.labelled

    def scores(self):
        network = self.build()
        if self.quality == "loss":
            return {"loss": sampled_loss(network)}
        held = self.documents()
        if self.precise(held):
            ours, theirs = codes(network, network.labels), codes(network, torch.as_tensor(held.counts))
            hits = precisions(ours, torch.as_tensor(held.labels), theirs, torch.as_tensor(held.test_labels), self.nearest)
            return {"precision": over(hits)}
        return {"perplexity": perplexity(network, torch.as_tensor(held.counts))}


def over(values: Float[Tensor, " d"]) -> Estimate:
    """The mean over held out documents, with its error."""
    if len(values) < 2:
        raise ProblemError(f"{len(values)} held out documents with words that the autoencoder knows; expected two at least")
    return Estimate.normal(float(values.mean()), float(values.std()) / len(values) ** 0.5, len(values) - 1)


def codes(network: Network, counts: Float[Tensor, "b m"]) -> Bool[Tensor, "b n"]:
    """The likeliest states of the bits of these documents, whose inputs are made as the training documents' are."""
    inputs = counts.to(network.theta).log1p()
    inputs = inputs * (inputs.shape[1] ** 0.5 / inputs.norm(dim=1, keepdim=True).clamp_min(1e-12))
    return F.linear(inputs, *network.layers[0]) > 0


def precisions(documents: Bool[Tensor, "d n"], labels: Tensor, queries: Bool[Tensor, "q n"], wanted: Tensor,
               nearest: int) -> Float[Tensor, " q"]:
    """The expected share of the query's label among the nearest documents, over random orders of those that are equally far."""
    bits, found = documents.shape[1], []
    signs = 2.0 * documents - 1
    for rows in torch.arange(len(queries)).split(BLOCK):
        distance: Int[Tensor, "q d"] = ((bits - (2.0 * queries[rows] - 1) @ signs.T) / 2).round().long()
        same = (labels == wanted[rows, None]).double()
        at, right = (torch.zeros(len(rows), bits + 1, dtype=torch.float64).scatter_add_(1, distance, ones)
                     for ones in (torch.ones_like(same), same))
        taken = torch.minimum(at, (nearest - (at.cumsum(1) - at)).clamp_min(0))
        found.append((taken * right / at.clamp_min(1)).sum(1) / nearest)
    return torch.cat(found)


@torch.no_grad()
def perplexity(network: Network, counts: Float[Tensor, "b m"]) -> Estimate:
    """Of documents with words in them; the error is over documents."""
    counts = counts[counts.sum(1) > 0]
    z = network.output(network.encode(codes(network, counts)))
    nats = -(counts * torch.log_softmax(z, -1)).sum(1) / counts.sum(1)
    found = over(nats)
    return found.mapped(lambda one: float(np.exp(one)), np.exp(found.value))


@torch.no_grad()
def sampled_loss(network: Network) -> Estimate:
    """The mean loss by sampled codes."""
    rng, metered = torch.Generator().manual_seed(0), network.metered()
    passes = torch.stack([draw(metered, metered.uniform(rng, 1)).value.mean() for _ in range(PASSES)])
    return Estimate.normal(float(passes.mean()), float(passes.std()) / PASSES**0.5, PASSES - 1)
