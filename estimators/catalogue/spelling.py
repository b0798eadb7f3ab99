"""Estimators as words and words as estimators: `reinforce:baseline=leave_one_out,samples=4`."""

from dataclasses import asdict, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.registry import faults, registry
from straightedge.estimators.network.error import InputError, nearest


def name_of(estimator: Estimator) -> str:
    """The estimator's registry name, that of its file."""
    return type(estimator).__module__.rsplit(".", 1)[-1]


def label_of(estimator: Estimator) -> str:
    """The estimator's name with the hyper-parameters that differ from their defaults."""
    defaults = {field: value.default for field, value in type(estimator).__dataclass_fields__.items()}
    changed = [f"{field}={value}" for field, value in asdict(estimator).items() if value != defaults[field]]
    return name_of(estimator) + (f" ({', '.join(changed)})" if changed else "")


def estimator_of(text: str) -> Estimator:
    """From 'reinforce' or 'reinforce:baseline=leave_one_out,samples=4'."""
    name, _, options = text.partition(":")
    if name in faults():  # also where the package has one of this name: nobody is to take the one for the other
        raise InputError(f"{name} is not used: {faults()[name]}")
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
