"""Where courses of training leave their checkpoints: below the folder of results, in every process of a run."""

import os
from pathlib import Path

from straightedge.analysis.store.place import results

VARIABLE = "STRAIGHTEDGE_CHECKPOINTS"
"""The environment variable that names another folder: a run with --results sets it for its processes."""


def checkpoints() -> Path:
    """The folder of checkpoints."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else results() / "checkpoint"


def keep_below(folder: Path) -> None:
    """Lets this process and those that it starts leave checkpoints below this folder of results."""
    os.environ[VARIABLE] = str(folder.absolute() / "checkpoint")
