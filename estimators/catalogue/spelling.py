"""Estimators as words and words as estimators: `reinforce:baseline=leave_one_out,samples=4`."""

from dataclasses import asdict, fields
from itertools import product
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.registry import faults, registry
from straightedge.estimators.network.error import InputError, nearest


def name_of(estimator: Estimator) -> str:
    """The estimator's registry name, that of its file."""
    return type(estimator).__module__.rsplit(".", 1)[-1]


def label_of(estimator: Estimator) -> str:
    """The estimator's name with the hyper-parameters that differ from their defaults: 'reinforce (baseline=leave_one_out, samples=4)'."""
    name, _, changed = words_of(estimator).partition(":")
    return f"{name} ({changed.replace(',', ', ')})" if changed else name


def words_of(estimator: Estimator) -> str:
    """The words that `estimator_of` makes it from: 'reinforce:baseline=leave_one_out,samples=4'."""
    defaults = {field: value.default for field, value in type(estimator).__dataclass_fields__.items()}
    changed = [f"{field}={value}" for field, value in asdict(estimator).items() if value != defaults[field]]
    return name_of(estimator) + (f":{','.join(changed)}" if changed else "")


def estimator_of(text: str) -> Estimator:
    """From 'reinforce' or 'reinforce:baseline=leave_one_out,samples=4'.  Raises InputError, in one sentence, for anything else."""
    found = estimators_of(text)
    if len(found) > 1:
        raise InputError(f"{text}: expected one estimator; a sweep of {len(found)} can only be measured")
    return found[0]


def estimators_of(text: str) -> list[Estimator]:
    """The same, and every estimator of a sweep such as 'st_gumbel:tau=0.1,0.2,0.5'; of several sweeps, all combinations."""
    name, _, options = text.partition(":")
    if name in faults():  # also where the package has one of this name: nobody is to take the one for the other
        raise InputError(f"{name} is not used: {faults()[name]}")
    if name not in registry():
        wrong = faults()
        raise InputError(wrong[name] if name in wrong else nearest(name, list(registry()), "estimator"))
    kind = registry()[name]
    types, allowed = get_type_hints(kind), [field.name for field in fields(kind)]
    values: dict[str, list[Any]] = {}
    field = None
    for option in filter(None, options.split(",")):
        before, equals, value = option.partition("=")
        if equals:
            field = before
            if field not in allowed:
                raise InputError(nearest(field, allowed, f"hyper-parameter of {name}:") if allowed
                                 else f"{name} has no hyper-parameters, got {option!r}")
            if field in values:
                raise InputError(f"{name}: {field} is given twice; write a sweep as {field}=1,2")
        elif field is None:
            raise InputError(f"{name}: expected {option if option in allowed else 'FIELD'}=VALUE, got {option!r}" if allowed
                             else f"{name} has no hyper-parameters, got {option!r}")
        else:
            value = option
        values.setdefault(field, []).append(converted(types[field], value, f"{name}: {field}"))
    made = [kind(**dict(zip(values, combination, strict=True))) for combination in product(*values.values())]
    return list(dict.fromkeys(made))


def converted(kind: Any, value: str, where: str) -> Any:
    """The value of a hyper-parameter from its text, by the type of its field."""
    if get_origin(kind) is Literal:
        if value not in map(str, get_args(kind)):
            raise InputError(f"{where}: expected one of {', '.join(map(str, get_args(kind)))}, got {value!r}")
        return next(choice for choice in get_args(kind) if str(choice) == value)
    if get_origin(kind) in (Union, UnionType):
        rest = [part for part in get_args(kind) if part is not NoneType]
        if len(rest) < len(get_args(kind)) and value.lower() == "none":
            return None
        return converted(rest[0], value, where)
    if kind is bool:
        if value.lower() not in ("true", "false"):
            raise InputError(f"{where}: expected true or false, got {value!r}")
        return value.lower() == "true"
    if kind is str:
        return value
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where}: expected {'a number' if kind is float else 'a whole number'}, got {value!r}") from None
    if not isfinite(number):
        raise InputError(f"{where}: expected a finite number, got {value!r}")
    return number
