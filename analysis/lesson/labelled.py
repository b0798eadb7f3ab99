"""Images with labels, in three parts: to train on, to choose the learning rate by, and to report."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from straightedge.analysis.problem.problem import ProblemError

READER = "straightedge.analysis.lesson.reader"
"""The module that reads images of the user's, imported where there are any: the results of the digits do not depend on it."""
PARTS = (0.45, 0.1)
"""Of the images: to train on, to choose by; the rest is reported.  Shuffled once, the same for every course."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images [n, channels, height, width] with mean 0 and standard deviation 1 over all training pixels, and classes [n]."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    classes: int

    def to(self, device: str) -> "Labelled":
        """The same on another device."""
        train, validation, test = ((x.to(device), y.to(device)) for x, y in (self.train, self.validation, self.test))
        return Labelled(train, validation, test, self.classes)


@lru_cache(maxsize=2)
def labelled(source: str | None, count: int) -> Labelled:
    """The first `count` images of a shuffle (all where 0) of the digits, of a folder in IDX format, or of CIFAR-10.  Raises ProblemError,
    one sentence, where they are not there."""
    images, classes = shipped() if source is None else import_module(READER).read(source)
    if len(images) < max(count, 100):
        raise ProblemError(f"{source or 'digits'}: {len(images)} images; expected the {count} of --points, or fewer there" if count
                           else f"{source}: {len(images)} images; expected 100 at least")
    order = np.random.default_rng(0).permutation(len(images))[: count or None]
    x, y = torch.as_tensor(images[order], dtype=torch.float32), torch.as_tensor(classes[order].astype(np.int64))
    ends = [int(sum(PARTS[:place]) * len(x)) for place in (1, 2)]
    x = (x - x[: ends[0]].mean()) / x[: ends[0]].std()
    train, validation, test = ((x[begin:end], y[begin:end]) for begin, end in zip((0, *ends), (*ends, len(x)), strict=True))
    return Labelled(train, validation, test, int(y.max()) + 1)


def shipped() -> tuple[np.ndarray, np.ndarray]:
    """The 1797 digits that scikit-learn ships, 8 x 8."""
    found = load_digits()
    return found.images[:, None], found.target
