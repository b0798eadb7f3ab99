"""Files written whole or not at all: under a temporary name, flushed, renamed, and the folder flushed too.

A temporary file is `.NAME.xxxxxxxx.part`, locked by its writer.  A killed writer loses the lock, and the next run removes its file.
"""

import fcntl
import os
import tempfile
from pathlib import Path

ENDING = ".part"


def replace(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for trial in range(3):
        try:
            written(path, data)
            break
        except FileNotFoundError:  # another run took the file, not yet locked, for one of a killed writer
            if trial == 2:
                raise
    flush(path.parent)


def written(path: Path, data: bytes) -> None:
    """Writes the file under a temporary name and renames it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ENDING)
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def flush(folder: Path) -> None:
    """Makes a rename in this folder outlive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path, name: str = "*") -> int:
    """Removes what killed writers of files of this name left in this folder; the bytes."""
    size = 0
    for path in folder.glob(f".{name}.????????{ENDING}"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                size += path.stat().st_size
                path.unlink()
        except OSError:  # its writer lives, or another run was first
            continue
    return size


def writable(folder: Path) -> None:
    """Makes the folder and tries it.  Raises OSError where nothing can be written there."""
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".try.", suffix=ENDING)
    os.close(handle)
    Path(name).unlink()
