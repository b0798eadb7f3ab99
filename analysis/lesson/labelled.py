"""Images with labels, in three parts: to train on, to choose the learning rate by, and to report."""

import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import fetch_openml, load_digits
from torch import Tensor

from straightedge.analysis.problem.image import EXPECTED, idx, images_file
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import sentence

CIFAR = "cifar10"
"""In the place of a folder: the images that scikit-learn downloads from OpenML."""
PARTS = (0.45, 0.1)
"""Of the images: to train on, to choose by; the rest is reported.  Shuffled once, the same for every course."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images [n, channels, height, width] with mean 0 and standard deviation 1 over all training pixels, and classes [n]."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    classes: int


@lru_cache(maxsize=2)
def labelled(source: str | None, count: int) -> Labelled:
    """The first `count` images of a shuffle (all where 0) of the digits, of a folder in IDX format, or of CIFAR-10.  Raises ProblemError,
    one sentence, where they are not there."""
    images, classes = (shipped() if source is None else cifar() if source == CIFAR else folder(Path(source)))
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


def folder(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a folder in IDX format.  Raises ProblemError, one sentence, for files that are not whole or do not fit."""
    images = images_file(path)
    labels = images.with_name(images.name.replace("images", "labels").replace("idx3", "idx1"))
    if labels == images or not labels.is_file():
        raise ProblemError(f"{path}: no labels beside {images.name}; expected {labels.name}")
    greys, classes = idx(images), label_file(labels)
    if len(greys) != len(classes):
        raise ProblemError(f"{path}: {len(greys)} images and {len(classes)} labels; expected one label for each image")
    return greys[:, None], classes


def label_file(path: Path) -> np.ndarray:
    """Class numbers.  Raises ProblemError where the file is anything else, or ends early."""
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            data = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ProblemError(f"{path}: it cannot be read ({sentence(str(error), 200)}); expected {EXPECTED}") from None
    if data[:4] != bytes((0, 0, 8, 1)) or len(data) < 9:
        raise ProblemError(f"{path}: its head is not that of labels in IDX format; expected bytes 0 0 8 1 and one size")
    size = int.from_bytes(data[4:8], "big")
    if len(data) != 8 + size:
        raise ProblemError(f"{path}: it holds {len(data) - 8} labels and says {size}; expected all of them, so fetch the file again")
    return np.frombuffer(data, np.uint8, offset=8)


def cifar() -> tuple[np.ndarray, np.ndarray]:
    """The 60 000 colour images of CIFAR-10.  Raises ProblemError where they cannot be downloaded."""
    try:
        found = fetch_openml("CIFAR_10", version=1, as_frame=False)
    except Exception as error:  # no network has many faces
        raise ProblemError(f"CIFAR-10 cannot be downloaded from OpenML ({sentence(str(error), 100) or type(error).__name__}); "
                           f"expected a network, or --images FOLDER, {EXPECTED}") from None
    return found.data.reshape(-1, 3, 32, 32), found.target.astype(int)
