"""The errors that a user can mend."""

from collections.abc import Collection
from difflib import get_close_matches


class InputError(ValueError):
    """Bad input.  The message is one sentence: what is wrong, where, and what would be right."""


class Failed(RuntimeError):
    """Something failed that other input does not mend.  The message names each thing with its reason, in one line."""


class Unsuitable(InputError):
    """The estimator cannot be used on this network; the message says what it needs."""


def nearest(name: str, names: Collection[str], what: str) -> str:
    """The sentence about an unknown name: the nearest ones, or all of them."""
    close = get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(close)}?" if close else f"expected one of {', '.join(names)}"
    return f"unknown {what} {name!r}; {hint}"
