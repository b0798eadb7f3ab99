"""Files written whole or not at all: under a temporary name, flushed, renamed, and the folder flushed too.

A temporary file is `.NAME.xxxxxxxx.part`, locked by its writer.  A killed writer loses the lock, and the next run removes its file.
"""

import fcntl
import os
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

ENDING = ".part"


def replace(path: Path, data: bytes, at_once: bool = True) -> None:
    """Writes a file whole or not at all; `at_once`: it outlives a loss of power from now on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for trial in range(3):
        try:
            written(path, data, at_once)
            break
        except FileNotFoundError:  # another run took the file, not yet locked, for one of a killed writer
            if trial == 2:
                raise
    if at_once:
        flush(path.parent)


def written(path: Path, data: bytes, at_once: bool = True) -> None:
    """Writes the file under a temporary name and renames it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ENDING)
    try:
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(data)
            file.flush()
            if at_once:
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class Together:
    """Files written whole, and flushed meanwhile, by a thread: of files that say themselves whether they are whole.  With the power those
    are lost whose flush is still under way, with the process none."""

    def __init__(self) -> None:
        self.thread, self.flushes = ThreadPoolExecutor(1), list[Future]()

    def replace(self, path: Path, data: bytes) -> None:
        """Writes a file.  Raises OSError also where an earlier one could not be flushed."""
        replace(path, data, at_once=False)
        self.flushes = [flush for flush in self.flushes if not flush.done() or flush.result()]
        self.flushes.append(self.thread.submit(flushed, path))

    def close(self) -> None:
        """Waits until all that was written outlives a loss of power."""
        self.thread.shutdown()
        for flush in self.flushes:
            flush.result()


def flushed(path: Path) -> None:
    """Flushes a file and its place in its folder."""
    for place in (path, path.parent):
        with suppress(FileNotFoundError):  # another run has cleaned
            flush(place)


def flush(folder: Path) -> None:
    """Makes a file, or a rename in a folder, outlive a loss of power."""
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
