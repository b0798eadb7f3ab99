"""Images and labels of the user's: a folder in IDX format, or CIFAR-10."""

import gzip
import zlib
from pathlib import Path

import numpy as np
from sklearn.datasets import fetch_openml

from straightedge.analysis.problem.image import EXPECTED, idx, images_file
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import sentence

CIFAR = "cifar10"
"""In the place of a folder: the images that scikit-learn downloads from OpenML."""


def read(source: str) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, channels, height, width] and classes [n].  Raises ProblemError, one sentence, where they are not there."""
    return cifar() if source == CIFAR else folder(Path(source))


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
