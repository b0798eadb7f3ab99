"""Documents as word counts: generated from a topic model, read from a file in svmlight format, or 20 Newsgroups."""

from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_20newsgroups, load_svmlight_file
from sklearn.feature_extraction.text import CountVectorizer

from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import sentence

NEWSGROUPS = "20newsgroups"
"""In the place of a file: the corpus that scikit-learn downloads."""
EXPECTED = "word counts in svmlight format, a document a line: LABEL INDEX:COUNT .."
TOPICS, LENGTH = 8, 60


def topics(documents: int, vocabulary: int, seed: int) -> np.ndarray:
    """Counts [documents, vocabulary] of latent Dirichlet allocation: a mixture of eight topics for each document, 60 words on average."""
    rng = np.random.default_rng(seed)
    words = rng.dirichlet(np.full(vocabulary, 0.05), TOPICS)
    mixtures = rng.dirichlet(np.full(TOPICS, 0.1), documents) @ words
    lengths = rng.poisson(LENGTH, documents).clip(1)
    return np.stack([rng.multinomial(length, p / p.sum()) for length, p in zip(lengths, mixtures, strict=True)]).astype(float)


def corpus(path: str, documents: int, vocabulary: int) -> np.ndarray:
    """Counts of the first documents of a corpus over the words that occur most often in them.  Raises ProblemError, one sentence,
    for anything but counts."""
    counts = newsgroups(vocabulary) if path == NEWSGROUPS else file(Path(path))
    if counts.shape[0] < documents:
        raise ProblemError(f"{path}: it holds {counts.shape[0]} documents; expected the {documents} of --documents, or fewer there")
    counts = counts[:documents]
    often = np.asarray(counts.sum(0)).ravel().argsort(kind="stable")[::-1][:vocabulary]
    return counts[:, np.sort(often)].toarray()


def file(path: Path):
    """The counts in a file, sparse.  Raises ProblemError where it holds anything else."""
    if not path.is_file():
        raise ProblemError(f"{path}: no such file; expected {EXPECTED}")
    try:
        counts, _ = load_svmlight_file(str(path))
    except Exception as error:  # a damaged file fails in many ways
        why = sentence(str(error), 200) or type(error).__name__
        raise ProblemError(f"{path}: it cannot be read ({why}); expected {EXPECTED}") from None
    wrong = np.flatnonzero(~(counts.data >= 0) | (counts.data != np.round(counts.data)) | np.isinf(counts.data))
    if len(wrong):
        document = int(np.searchsorted(counts.indptr, wrong[0], side="right"))
        raise ProblemError(f"{path}: document {document} has the count {counts.data[wrong[0]]:g}; expected whole numbers from 0")
    return counts


def newsgroups(vocabulary: int):
    """The training documents of 20 Newsgroups without headers, stop words and words of fewer than ten documents, sparse."""
    try:
        texts = fetch_20newsgroups(subset="train", remove=("headers", "footers", "quotes")).data
    except Exception as error:  # no network has many faces
        raise ProblemError(f"20 Newsgroups cannot be downloaded ({sentence(str(error), 100) or type(error).__name__}); "
                           f"expected a network, or --corpus FILE with {EXPECTED}") from None
    return CountVectorizer(stop_words="english", min_df=10, max_features=vocabulary).fit_transform(texts).astype(float)
