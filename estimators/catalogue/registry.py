"""The estimators as classes: every file of the catalogue imported, a faulty plug-in left out and its fault kept."""

import traceback
from importlib import import_module

from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue import catalogue
from straightedge.estimators.catalogue.catalogue import Entry, camel

LOADED: dict[str, type[Estimator]] = {}
"""Classes by the path of their file: modules are imported once in a process."""
FAULTS: dict[str, str] = {}
"""The same for plug-ins that cannot be used."""


def registry() -> dict[str, type[Estimator]]:
    """Estimator name -> class, for every file that holds one and can be imported."""
    loaded = {name: loaded_class(entry) for name, entry in catalogue.entries().items()}
    return {name: kind for name, kind in loaded.items() if kind is not None}


def faults() -> dict[str, str]:
    """Name -> why a plug-in's file is not used, in one sentence with file and line."""
    return catalogue.faults() | {name: FAULTS[str(entry.path)] for name, entry in catalogue.entries().items()
                                 if loaded_class(entry) is None}


def loaded_class(entry: Entry) -> type[Estimator] | None:
    """The class of this file; None where it is a plug-in with a fault, which stops nothing but itself."""
    path = str(entry.path)
    if path in LOADED or path in FAULTS:
        return LOADED.get(path)
    if entry.own:
        LOADED[path] = vars(import_module(f"straightedge.estimators.{entry.name}"))[camel(entry.name)]
        return LOADED[path]
    try:
        kind = vars(import_module(f"straightedge.estimators.{entry.name}"))[camel(entry.name)]
        LOADED[path] = sound(kind)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        FAULTS[path] = f"{where(entry, error)}: {type(error).__name__}: {error}"
    return LOADED.get(path)


def sound(kind: type) -> type[Estimator]:
    """This class, where it is a whole estimator that can be made without arguments; raises TypeError where it is not."""
    if not (isinstance(kind, type) and issubclass(kind, Estimator)):
        raise TypeError(f"{kind.__name__} is no Estimator; expected a class derived from Rule, Surrogate or Estimator")
    if kind.__abstractmethods__:
        raise TypeError(f"{kind.__name__} lacks {', '.join(sorted(kind.__abstractmethods__))}")
    kind()  # a field without default cannot be listed, checked or measured by name
    return kind


def where(entry: Entry, error: BaseException) -> str:
    """File and line at which a plug-in failed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(entry.path)]
    return f"{entry.path}, line {lines[-1]}" if lines else str(entry.path)
