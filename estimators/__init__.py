"""The estimators, found in this folder: file name = name everywhere; the class is the file name in CamelCase.

Remove a file and its estimator is gone; add one and it is in every table, page and test.  Estimators outside this folder are found
through `extend`, whose folders worker processes learn from the environment.
"""

import os
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from estimators.base import Estimator

PLUGINS = "STRAIGHTEDGE_PLUGINS"
__path__ += [folder for folder in os.environ.get(PLUGINS, "").split(os.pathsep) if folder]


def extend(folder: str) -> None:
    """Finds estimators in this folder too, here and in worker processes started from now on."""
    __path__.append(folder)
    os.environ[PLUGINS] = os.pathsep.join(filter(None, (os.environ.get(PLUGINS), folder)))
    registry.cache_clear()


def camel(name: str) -> str:
    """straight_through -> StraightThrough."""
    return "".join(part.capitalize() for part in name.split("_"))


@cache
def registry() -> dict[str, type[Estimator]]:
    """Estimator name -> class, for every file that holds one."""
    found = {}
    for module in iter_modules(__path__):
        candidate = getattr(import_module(f"estimators.{module.name}"), camel(module.name), None)
        if isinstance(candidate, type) and issubclass(candidate, Estimator) and not candidate.__abstractmethods__:
            found[module.name] = candidate
    return found
