"""Arrays of an npz, read as data: no pickles, sizes told from the headers before any array is expanded."""

import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import sentence

LIMIT = 2 << 30
"""Bytes that the arrays of a file may take together."""
NUMBERS = "fiub"
HEAD = 10_000
"""Bytes that the head of an array may take."""
MEMBERS = 10_000
"""Arrays that a file may hold."""


@dataclass(frozen=True)
class Header:
    """What the head of an array in a file says."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Bytes of the array, as it is read or as float64, whichever is more."""
        return prod(self.shape) * max(self.dtype.itemsize, 8)


def header(archive: zipfile.ZipFile, member: str) -> Header:
    """The header of an array of an npz.  Raises ValueError where it is none."""
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError(f"{member} has the unknown format version {version}")
        width = 2 if version == (1, 0) else 4
        length = int.from_bytes(file.read(width), "little")
        if length > HEAD:
            raise ValueError(f"{member} has a header of {length} bytes")
        file.seek(-width, 1)
        shape, _, dtype = npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)
    if any(length < 0 for length in shape):
        raise ValueError(f"{member} has the shape {shape}")
    said, there = prod(shape) * dtype.itemsize, archive.getinfo(member).file_size - npy.MAGIC_LEN - width - length
    if said != there and not dtype.hasobject:
        raise ValueError(f"{member} says that it holds {said} bytes, and holds {there}")
    return Header(shape, dtype)


def arrays(path: Path, expected: str) -> dict[str, np.ndarray]:
    """Name -> array, native float64 where it holds numbers, text where it holds text.  One sentence of ProblemError for anything else;
    `expected` says in it what would be right."""
    if not path.is_file():
        raise ProblemError(f"{path}: no such file; expected {expected}")
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.namelist()) > MEMBERS:
                raise ProblemError(f"{path}: it holds {len(archive.namelist())} arrays; expected {MEMBERS} at most")
            members = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
            headers = {key: header(archive, name) for key, name in members.items()}
            refuse(path, headers)
            found = {}
            for key, name in members.items():
                with archive.open(name) as file:
                    found[key] = npy.read_array(file, allow_pickle=False)
    except ProblemError:
        raise
    except zipfile.BadZipFile:
        raise ProblemError(f"{path}: not an npz; expected {expected}") from None
    except Exception as error:  # a damaged file fails in many ways
        why = sentence(str(error), 200) or type(error).__name__
        raise ProblemError(f"{path}: it cannot be read ({why}); expected {expected}") from None
    return {key: array.astype(np.float64) if array.dtype.kind in NUMBERS else array for key, array in found.items()}


def refuse(path: Path, headers: dict[str, Header]) -> None:
    """Raises ProblemError for pickles and for arrays that would not fit."""
    for key, head in headers.items():
        if head.dtype.hasobject:
            raise ProblemError(f"{path}: {key} holds pickled objects, which are never read; expected numbers")
    total = sum(head.size for head in headers.values())
    if total > LIMIT:
        raise ProblemError(f"{path}: its arrays take {total / 2**30:.3g} GiB; expected {LIMIT / 2**30:.3g} GiB at most")
