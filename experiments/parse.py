"""From the words of the command line to values, with one clear sentence where that cannot be."""

from dataclasses import fields
from difflib import get_close_matches
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from estimators import registry
from estimators.base import Estimator
from estimators.error import InputError
from experiments.study import studies


def nearest(name: str, names, what: str) -> str:
    """The sentence about an unknown name: the nearest ones, or all of them."""
    close = get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"expected one of {', '.join(names)}"
    return f"unknown {what} {name!r}; {hint}"


def study(name: str) -> ModuleType:
    """The study of this name."""
    if name not in studies():
        raise InputError(nearest(name, list(studies()), "study"))
    return studies()[name]


def estimator(text: str) -> Estimator:
    """From 'reinforce' or 'reinforce:baseline=leave_one_out,samples=4'."""
    name, _, options = text.partition(":")
    if name not in registry():
        raise InputError(nearest(name, list(registry()), "estimator"))
    kind = registry()[name]
    types, values = get_type_hints(kind), {}
    allowed = [field.name for field in fields(kind)]
    for option in filter(None, options.split(",")):
        field, equals, value = option.partition("=")
        if field not in allowed:
            raise InputError(nearest(field, allowed, f"hyper-parameter of {name}:") if allowed
                             else f"{name} has no hyper-parameters, got {option!r}")
        if not equals:
            raise InputError(f"{name}: expected {field}=VALUE, got {option!r}")
        values[field] = converted(types[field], value, f"{name}: {field}")
    return kind(**values)


def converted(kind: Any, value: str, where: str) -> Any:
    """The value of a hyper-parameter from its text, by the type of its field."""
    if get_origin(kind) is Literal:
        if value not in map(str, get_args(kind)):
            raise InputError(f"{where}: expected one of {', '.join(map(str, get_args(kind)))}, got {value!r}")
        return next(choice for choice in get_args(kind) if str(choice) == value)
    if kind is bool:
        if value.lower() not in ("true", "false"):
            raise InputError(f"{where}: expected true or false, got {value!r}")
        return value.lower() == "true"
    if kind is str:
        return value
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise InputError(f"{where}: expected {'a number' if kind is float else 'a whole number'}, got {value!r}") from None
