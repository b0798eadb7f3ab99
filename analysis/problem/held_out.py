"""Documents that an autoencoder is not trained on, as counts of the words that it knows, and the labels of both."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_20newsgroups, load_svmlight_file
from sklearn.feature_extraction.text import CountVectorizer

from straightedge.analysis.problem.counts import LENGTH, NEWSGROUPS, TOPICS, file
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import sentence

GENERATED = 200
"""Held out documents of a generated corpus."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Labels of the training documents, and counts and labels of the others."""

    labels: np.ndarray
    counts: np.ndarray
    test_labels: np.ndarray

    @property
    def labelled(self) -> bool:
        """Whether the labels tell documents apart."""
        return len(np.unique(self.labels)) > 1

    @property
    def digest(self) -> str:
        """Of everything in it."""
        return sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in (self.labels, self.counts, self.test_labels))).hexdigest()


@lru_cache(maxsize=2)
def held_out(path: str | None, test: str | None, documents: int, vocabulary: int, seed: int, stamps: tuple) -> HeldOut:
    """The held out documents of a corpus, once per process and state of the files.  Raises ProblemError where it has none."""
    if path is None:
        return generated(documents, vocabulary, seed)
    if path == NEWSGROUPS:
        return newsgroups(documents, vocabulary)
    if test is None:
        raise ProblemError(f"{path}: retrieval is of documents that are held out; expected --corpus-test FILE beside --corpus")
    counts = file(Path(path))[:documents]
    often = most_frequent(counts, vocabulary)
    others = file(Path(test))
    others.resize((others.shape[0], counts.shape[1]))  # words that the training documents do not have
    labels, test_labels = (load_svmlight_file(str(one))[1] for one in (path, test))
    return HeldOut(labels[:documents], others[:, often].toarray(), test_labels)


def most_frequent(counts, vocabulary: int) -> np.ndarray:
    """Numbers of the words that an autoencoder takes (problem/counts)."""
    return np.sort(np.asarray(counts.sum(0)).ravel().argsort(kind="stable")[::-1][:vocabulary])


def generated(documents: int, vocabulary: int, seed: int) -> HeldOut:
    """Further documents of the topic model that `counts.topics` draws; a document's label is its largest topic."""
    rng = np.random.default_rng(seed)
    words = rng.dirichlet(np.full(vocabulary, 0.05), TOPICS)
    mixtures = rng.dirichlet(np.full(TOPICS, 0.1), documents)
    rng = np.random.default_rng((seed, documents))
    others = rng.dirichlet(np.full(TOPICS, 0.1), GENERATED)
    shares, lengths = others @ words, rng.poisson(LENGTH, GENERATED).clip(1)
    counts = np.stack([rng.multinomial(length, share / share.sum()) for length, share in zip(lengths, shares, strict=True)]).astype(float)
    return HeldOut(mixtures.argmax(1).astype(float), counts, others.argmax(1).astype(float))


def newsgroups(documents: int, vocabulary: int) -> HeldOut:
    """The test documents of 20 Newsgroups, prepared as `counts.newsgroups` does the training documents."""
    try:
        ours, theirs = (fetch_20newsgroups(subset=subset, remove=("headers", "footers", "quotes")) for subset in ("train", "test"))
    except Exception as error:  # no network has many faces
        raise ProblemError(f"20 Newsgroups cannot be downloaded ({sentence(str(error), 100) or type(error).__name__}); "
                           "expected a network, or --corpus FILE and --corpus-test FILE") from None
    vectorizer = CountVectorizer(stop_words="english", min_df=10, max_features=vocabulary)
    often = most_frequent(vectorizer.fit_transform(ours.data).astype(float)[:documents], vocabulary)
    counts = vectorizer.transform(theirs.data).astype(float)[:, often].toarray()
    return HeldOut(np.asarray(ours.target[:documents], float), counts, np.asarray(theirs.target, float))
