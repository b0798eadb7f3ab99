"""Is a checkpoint that a run would go on from one of its own courses?  Told before anything is measured or written."""

import json
from collections.abc import Iterable

from straightedge.analysis.problem.array import arrays
from straightedge.analysis.problem.problem import Problem, ProblemError
from straightedge.analysis.problem.stand import differences
from straightedge.analysis.problem.trained import Trained
from straightedge.analysis.store.checkpoint import checkpoints
from straightedge.analysis.store.place import shown


def require_own(problems: Iterable[Problem]) -> None:
    """Raises ProblemError, one sentence, for the first checkpoint that bears the name of one of these courses and is of another."""
    courses = dict(one.course() for one in problems if isinstance(one, Trained) and one.steps)
    for name, values in courses.items():
        told = json.dumps(values, sort_keys=True)
        for path in sorted(checkpoints().glob(f"{name}-*.npz")):
            found = arrays(path, "a checkpoint of this course").get("values")
            if str(found) != told:
                raise ProblemError(f"{shown(path)}: a checkpoint of another configuration ({differences(told, found)}); expected one of "
                                   "this course, so move it away or name another folder by --results")
