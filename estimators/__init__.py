"""The estimators, found in this folder: file name = name everywhere; the class is the file name in CamelCase.

Remove a file and its estimator is gone; add one and it is in every study, table, figure and test.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from estimators.base import Estimator


def camel(name: str) -> str:
    """straight_through -> StraightThrough."""
    return "".join(part.capitalize() for part in name.split("_"))


@cache
def registry() -> dict[str, type[Estimator]]:
    """Estimator name -> class, for every file of this folder that holds one."""
    found = {}
    for module in iter_modules(__path__):
        candidate = getattr(import_module(f"estimators.{module.name}"), camel(module.name), None)
        if isinstance(candidate, type) and issubclass(candidate, Estimator) and not candidate.__abstractmethods__:
            found[module.name] = candidate
    return found
