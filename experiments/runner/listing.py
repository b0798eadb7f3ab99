"""Which studies there are, told from the files alone: nothing is imported, so that a list is there at once."""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path

from straightedge.estimators.network.error import InputError, nearest
from straightedge.experiments.runner.study import Study

FOLDER = Path(__file__).parent.parent


@cache
def questions() -> dict[str, str]:
    """Study name -> its question, the first line of the file's docstring, for every file that makes a STUDY."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(path.read_text())
        names = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)]
        if "STUDY" in names:
            found[path.stem] = (ast.get_docstring(tree) or "").split("\n")[0]
    return found


def study_of(name: str) -> Study:
    """The study of this name.  Raises InputError for an unknown one."""
    if name not in questions():
        raise InputError(nearest(name, list(questions()), "study"))
    return import_module(f"straightedge.experiments.{name}").STUDY


def studies() -> dict[str, Study]:
    """Study name -> study, for all of them."""
    return {name: study_of(name) for name in questions()}
