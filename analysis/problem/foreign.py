"""Is a checkpoint that a run would go on from one of its own courses?  Told before anything is measured or written."""

import json
from collections.abc import Iterable

from straightedge.analysis.problem import vae
from straightedge.analysis.problem.array import arrays
from straightedge.analysis.problem.problem import Problem, ProblemError
from straightedge.analysis.problem.resumable import differences
from straightedge.analysis.store.checkpoint import checkpoints
from straightedge.analysis.store.key import key
from straightedge.analysis.store.place import shown


def require_own(problems: Iterable[Problem]) -> None:
    """Raises ProblemError, one sentence, for the first checkpoint that bears the name of one of these courses and is of another."""
    courses = {}
    for one in problems:
        if isinstance(one, vae.ImageAutoencoder) and one.steps:  # named as its network names them
            values = {name: value for name, value in one.values().items() if name != "steps"}
            code = key(values, (vae.__name__, *one.makers()))
            courses[f"vae-{code}"] = json.dumps(values | {"code": code}, sort_keys=True)
    for name, told in courses.items():
        for path in sorted(checkpoints().glob(f"{name}-*.npz")):
            found = arrays(path, "a checkpoint of this course").get("values")
            if str(found) != told:
                raise ProblemError(f"{shown(path)}: a checkpoint of another configuration ({differences(told, found)}); expected one of "
                                   "this course, so move it away or name another folder by --results")
