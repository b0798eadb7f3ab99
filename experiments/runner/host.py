"""Versions, machine and revision, for the record; not part of any key."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

import torch

from straightedge.analysis.store.place import checkout


@cache
def host() -> dict:
    """What a result was made with and where."""
    libraries = {name: version(name) for name in ("numpy", "scipy", "pandas", "matplotlib")}
    return {"python": platform.python_version(), "torch": torch.__version__, **libraries, "system": platform.system(),
            "machine": platform.machine(), "host": platform.node(), "cores": os.cpu_count() or 1, **revision()}


def now() -> dict:
    """The same, with the date."""
    return {"date": datetime.now(UTC).isoformat(timespec="seconds"), **host()}


def revision() -> dict:
    """The commit of the checkout, and whether the tree differs from it; None where there is none."""
    head = git("rev-parse", "HEAD")
    return {"revision": head or None, "dirty": bool(git("status", "--porcelain", "--untracked-files=no")) if head else None}


def git(*words: str) -> str:
    """What git says of the checkout; nothing where it cannot."""
    root = checkout()
    if root is None:
        return ""
    try:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
