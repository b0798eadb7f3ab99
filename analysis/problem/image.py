"""Black and white images: the digits that scikit-learn ships, or a folder of images in IDX format."""

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from straightedge.analysis.problem.array import LIMIT
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import sentence

EXPECTED = "a folder with images in IDX format, as train-images-idx3-ubyte or t10k-images-idx3-ubyte.gz"
MAGIC = bytes((0, 0, 8, 3))
"""Of a file of unsigned bytes along three axes."""


def images(folder: str | None, count: int, seed: int) -> np.ndarray:
    """Pixels [count, m] in {0, 1}, white where the grey is half of the greatest or more: the first of a shuffle of the digits, or of the
    folder's images.  Raises ProblemError, one sentence, where there are not so many."""
    grey = load_digits().images / 16 if folder is None else idx(images_file(Path(folder))) / 255
    if len(grey) < count:
        raise ProblemError(f"{folder or 'digits'}: {len(grey)} images; expected the {count} of --points, or fewer there")
    order = np.random.default_rng(seed).permutation(len(grey))[:count]
    return (grey[order].reshape(count, -1) >= 0.5).astype(float)


def images_file(folder: Path) -> Path:
    """The file of the folder that holds images; of several, that of the training images.  Raises ProblemError where there is none."""
    if not folder.is_dir():
        raise ProblemError(f"{folder}: no such folder; expected {EXPECTED}")
    found = sorted(path for path in folder.iterdir() if path.is_file() and "idx3" in path.name)
    if not found:
        raise ProblemError(f"{folder}: no file of images; expected {EXPECTED}")
    return next((path for path in found if path.name.startswith("train")), found[0])


def idx(path: Path) -> np.ndarray:
    """Greys [images, height, width], 0 to 255.  Raises ProblemError where the file is anything else, or ends early."""
    shape = [0, 0, 0]
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            head = file.read(16)
            shape = [int.from_bytes(head[place:place + 4], "big") for place in (4, 8, 12)]
            if head[:4] != MAGIC or len(head) < 16 or not prod(shape):
                raise ProblemError(f"{path}: its head is not that of images in IDX format; expected bytes 0 0 8 3 and three sizes")
            if 8 * prod(shape) > LIMIT:
                raise ProblemError(f"{path}: {shape[0]} images of {shape[1]} x {shape[2]} pixels take {8 * prod(shape) / 2**30:.3g} GiB; "
                                   f"expected {LIMIT / 2**30:.3g} GiB at most")
            data = file.read(prod(shape) + 1)  # one more, as the end of compressed data is where they are checked
    except EOFError:
        raise ProblemError(early(path, shape)) from None
    except (OSError, zlib.error) as error:
        why = sentence(str(error), 200) or type(error).__name__
        raise ProblemError(f"{path}: it cannot be read ({why}); expected {EXPECTED}") from None
    if len(data) < prod(shape):
        raise ProblemError(early(path, shape))
    return np.frombuffer(data, np.uint8)[:prod(shape)].reshape(shape)


def early(path: Path, shape: list[int]) -> str:
    """The sentence about a file that is truncated."""
    return f"{path}: it ends before the last of its {shape[0]} images of {shape[1]} x {shape[2]} pixels; expected all of them"
