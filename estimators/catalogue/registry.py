"""The estimators as classes: every file of the catalogue imported, a faulty plug-in left out and its fault kept."""

import traceback
from dataclasses import MISSING, fields
from importlib import import_module
from typing import get_type_hints

from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue import catalogue
from straightedge.estimators.catalogue.apart import ending
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
    end = ending(lambda: imported(entry))
    if end:
        FAULTS[path] = f"{entry.path}: a process that imports it {end}; expected a file that can be imported"
        return None
    try:
        LOADED[path] = imported(entry)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        said = " ".join(str(error).split())
        what = said if isinstance(error, Unsound) else f"{type(error).__name__}{f': {said}' if said else ''}"
        FAULTS[path] = f"{entry.path}, line {line(entry, error)}: {what}"
    return LOADED.get(path)


def imported(entry: Entry) -> type[Estimator]:
    """The class of a plug-in's file."""
    return sound(vars(import_module(f"straightedge.estimators.{entry.name}"))[camel(entry.name)])


class Unsound(TypeError):
    """This class cannot be used as an estimator; the message says what it lacks."""


def sound(kind: object) -> type[Estimator]:
    """This class, where it is a whole estimator that can be made without arguments; raises Unsound where it is not."""
    if not (isinstance(kind, type) and issubclass(kind, Estimator)):
        what = kind.__name__ if isinstance(kind, type) else repr(kind)
        raise Unsound(f"{what} is no Estimator; expected a class derived from Rule, Surrogate or Estimator")
    if not getattr(vars(kind).get("__dataclass_params__"), "frozen", False):
        raise Unsound(f"{kind.__name__} is no frozen dataclass; expected @dataclass(frozen=True) above the class")
    if kind.__abstractmethods__:
        raise Unsound(f"{kind.__name__} lacks {', '.join(sorted(kind.__abstractmethods__))}; expected a method of this name")
    bare = [field.name for field in fields(kind) if field.init and field.default is MISSING and field.default_factory is MISSING]
    if bare:  # it could not be listed, checked or measured by name
        raise Unsound(f"{kind.__name__} has no default for {', '.join(bare)}; expected one for every field")
    made, again = kind(), kind()
    if not isinstance(made.samples, int) or made.samples < 1:
        raise Unsound(f"{kind.__name__}.samples is {made.samples!r}; expected a whole number from 1")
    if made != again or hash(made) != hash(again) or not repr(made) or len(get_type_hints(kind)) < len(fields(kind)):
        raise Unsound(f"two {kind.__name__}() of the same values are not the same; expected the equality that a dataclass has")
    return kind


def line(entry: Entry, error: BaseException) -> int:
    """The line at which a plug-in failed: the innermost of its own, else where its class begins."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.lineno and frame.filename == str(entry.path)]
    return lines[-1] if lines else entry.number
