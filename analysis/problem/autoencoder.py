"""Autoencoders of documents: word counts -> Bernoulli bits -> softmax over the vocabulary, at initialisation or after training."""

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from straightedge.analysis.problem.archive import stamp
from straightedge.analysis.problem.classification import initial
from straightedge.analysis.problem.counts import NEWSGROUPS, corpus, topics
from straightedge.analysis.problem.course import Course
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.trained import Trained
from straightedge.analysis.store.checkpoint import checkpoints
from straightedge.estimators.arm import Arm  # noqa: F401 - its code is part of the corrected networks' keys
from straightedge.estimators.network.count import Multinomial
from straightedge.estimators.network.network import SIGNS
from straightedge.estimators.sum.bottleneck import Bottleneck


@dataclass(frozen=True)
class Autoencoder(Trained):
    """Inputs are log(1 + count), every document scaled to the length sqrt(vocabulary); the output biases begin at the logarithm of how
    often each word occurs.  The loss is in nats a document, without the multinomial's constant."""

    prefix: ClassVar[str] = "autoencoder"
    told: ClassVar[tuple[str, ...]] = ("bits", "steps", "corpus", "stamp")
    bits: int = 8
    """Bernoulli units of the code."""
    corpus: str | None = None
    """A file in svmlight format, or 20newsgroups; generated from a topic model if not given."""
    documents: int = 200
    vocabulary: int = 300
    steps: int = 0
    """Steps of Adam with the trainer."""
    trainer: str = "exact"
    correction: int = 0
    """Further steps, with ARM, ten samples each."""
    rate: float = 0.001
    seed: int = 0
    """Of generated documents, initial weights and training."""
    device: str = "cpu"
    """Where it is trained."""
    stamp: tuple = field(default=(), init=False, repr=False)
    """Where and of when the file is."""

    def __post_init__(self):
        if min(self.bits, self.documents) < 1 or self.vocabulary < 2:
            raise ProblemError(f"autoencoder: {self.bits} bits, {self.documents} documents, {self.vocabulary} words; expected 1, 1 and 2 "
                               "at least")
        if self.corpus not in (None, NEWSGROUPS):
            object.__setattr__(self, "stamp", stamp(Path(self.corpus)))

    def network(self):
        counts = torch.as_tensor(data(self.corpus, self.documents, self.vocabulary, self.seed, self.stamp))
        inputs = counts.log1p()
        inputs = inputs * (inputs.shape[1] ** 0.5 / inputs.norm(dim=1, keepdim=True).clamp_min(1e-12))
        weights, biases = initial((inputs.shape[1], self.bits, inputs.shape[1]), 1.0, SIGNS, self.seed)
        share = counts.sum(0) + 1.0
        biases[1] = (share / share.sum()).log()
        network = Bottleneck.of(weights, biases, inputs, counts, Multinomial())
        if not self.steps:
            return network
        name, values = self.course()
        course = Course(self.trainer, self.steps, self.rate, self.seed, correction=self.correction)
        return course.on(self.device, network, values, checkpoints() / name)

    @property
    def title(self):
        source = Path(self.corpus).name if self.corpus else "topics"
        return f"{source} {self.bits} bits, {f'{self.steps} steps' if self.steps else 'initial'}"

    def values(self):
        plain = {name: value for name, value in super().values().items() if name != "stamp"}
        if self.corpus is None:
            return plain | {"corpus": "generated"}
        counts = data(self.corpus, self.documents, self.vocabulary, self.seed, self.stamp)
        return plain | {"corpus": Path(self.corpus).name, "sha256": sha256(counts.tobytes()).hexdigest()}


@lru_cache(maxsize=4)
def data(path: str | None, documents: int, vocabulary: int, seed: int, stamp: tuple) -> np.ndarray:
    """The counts, once per process and state of the file."""
    return corpus(path, documents, vocabulary) if path else topics(documents, vocabulary, seed)
