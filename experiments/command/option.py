"""Options of a command, from the words of the command line; what tyro reports in a box becomes one sentence."""

import io
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import field, make_dataclass
from difflib import get_close_matches
from inspect import signature
from typing import Annotated, TypeVar

import tyro

from straightedge.estimators.network.error import InputError
from straightedge.experiments.command.meaning import meaning

T = TypeVar("T")


def parsed(kind: type[T], arguments: list[str], name: str) -> T:
    """The dataclass from its options.  Raises InputError with one sentence."""
    stream = io.StringIO()
    try:
        with redirect_stderr(stream):
            return tyro.cli(kind, args=arguments, prog=f"straightedge {name}")
    except SystemExit as stop:
        if stop.code in (0, None):
            raise
        raise InputError(sentence(stream.getvalue(), name)) from None


def sentence(box: str, name: str) -> str:
    """One line from tyro's report, without its frame, and with the option that was meant, where there is one like it."""
    words = re.sub(r"\x1b\[[0-9;]*m", "", box)
    lines = [re.sub(r"[│╭╮╰╯─]+|-{5,}", " ", line).strip() for line in words.splitlines()]
    lines = [line for line in lines if line and line not in ("Parsing error", "Unrecognized options", "Missing required arguments")]
    text = re.sub(r"\s+", " ", " ".join(lines)).strip()
    found = text.partition("Perhaps you meant")[2] or text.partition("Similar options")[2]
    wrong = re.search(r"--[\w-]+", text)
    near = re.findall(r"--[\w-]+", found.partition(" For full helptext")[0])
    meant = get_close_matches(wrong[0], near, 1, 0.0) if wrong else []
    text = re.split(r" For full helptext,| Similar options| Perhaps you meant| Argument helptext|\. Missing from", text)[0]
    text = re.sub(r"^(Value error|Invalid choice|Required options|Parsing error) ", "", text).rstrip(". ")
    return f"{text}{f'; did you mean {meant[0]}?' if meant else ''}; `straightedge {name} --help` lists the options"


def each_alone(names: Sequence[str]) -> None:
    """Raises InputError for names joined by commas: each is an option of its own."""
    for text in names:
        joined = text.partition(":")[0].split(",")
        if len(joined) > 1:
            spelt = " ".join(f"--estimator {one.strip()}" for one in joined)
            raise InputError(f"--estimator: {text!r} is {len(joined)} names; expected {spelt}")


def options(call: Callable) -> type:
    """A dataclass of a command's parameters, for the command line."""
    parts = []
    for name, parameter in signature(call).parameters.items():
        default = [] if parameter.default is parameter.empty else [field(default=parameter.default)]
        kind = Annotated[parameter.annotation, tyro.conf.arg(help=meaning(call.__name__, name))]  # type: ignore[name-defined]
        parts.append((name, kind if default else tyro.conf.Positional[kind], *default))  # type: ignore[valid-type, misc]
    made = make_dataclass(call.__name__, parts)
    made.__doc__ = call.__doc__
    return made


def performed(call: Callable[..., int], arguments: list[str], name: str) -> int:
    """Calls a command with its own parameters as options; its exit status."""
    given = vars(parsed(options(call), arguments, name))
    jobs = given.get("jobs")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs: expected a whole number from 1, got {jobs}")
    return call(**given)
