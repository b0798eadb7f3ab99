"""The estimators: one file each, whose name is the estimator's name everywhere; the class is the file name in CamelCase.

Rooms below: network, sum, sampling, moment (the machinery, from the ground up), catalogue (which estimators there are).  An estimator
imports from `base` and from these; nothing but the catalogue knows the estimators.
"""

import os
import sys
from types import ModuleType

PLUGINS = "STRAIGHTEDGE_PLUGINS"
__path__ += [folder for folder in os.environ.get(PLUGINS, "").split(os.pathsep) if folder]  # as workers learn of them


class _Estimators(ModuleType):
    """This package, which is a function as well: `straightedge.estimators()` lists what there is."""

    def __call__(self) -> dict[str, str]:
        """Name of every estimator -> what it is, in one line; told from the files, without importing any."""
        from straightedge.estimators.catalogue.catalogue import entries

        return {name: entry.line for name, entry in entries().items()}


sys.modules[__name__].__class__ = _Estimators
