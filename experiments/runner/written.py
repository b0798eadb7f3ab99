"""What made files that no study writes: told in the record of a folder, or, of a table that `measure` wrote anywhere, by its digest."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from straightedge.analysis.store.file import replace
from straightedge.experiments.runner import manifest
from straightedge.experiments.runner.host import now
from straightedge.experiments.runner.provenance import Origin, summary

NAME = "written.jsonl"


def digest(path: Path) -> str:
    """64 hex digits of a file."""
    return sha256(path.read_bytes()).hexdigest()


def remember(folder: Path, path: Path, told: Mapping[str, Any]) -> None:
    """Adds a line about a file that cannot carry words, as a CSV, to the record of this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, (json.dumps({"sha256": digest(path), "told": told}) + "\n").encode())
    finally:
        os.close(handle)


def remembered(folder: Path, found: str) -> dict:
    """What the last line about a file of this digest says; nothing where there is none."""
    path, told = folder / NAME, dict[str, Any]()
    for line in path.read_text(errors="replace").splitlines() if path.is_file() else ():
        try:
            said = json.loads(line)
            told = dict(said["told"]) if said["sha256"] == found else told
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return told


def leave(folder: Path, names: Sequence[str], configuration: str, began: float, device: str = "cpu") -> None:
    """Writes the record of a folder whose files are no study's: what wrote them just now; `began` by `time.monotonic`."""
    run = {"run": {"elapsed": time.monotonic() - began, "threads": torch.get_num_threads()}, "cell": {"device": device}, **now()}
    said = summary(configuration, {"": Origin.of(run)}) | {"files": {name: digest(folder / name) for name in names}}
    replace(folder / manifest.RUN, manifest.form(said))
