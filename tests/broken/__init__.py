"""Estimators that are deliberately wrong, each in one way; `meant` names the check that must notice, on its own."""

from broken import form, generator, independence, law, moment, state, tail, truth

BASES = ("Altered", "OwnNoise", "Elsewhere", "ShortOn")


def defined(module) -> list[type]:
    """The broken estimators of one file."""
    return [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__module__ == module.__name__
            and kind.__name__ not in (*BASES, "Stratified")]


BROKEN = tuple(kind for module in (form, generator, independence, state, law, truth, tail, moment) for kind in defined(module))
MISSED = (independence.Stratified,)
"""Wrong, and not seen: rows whose mean varies less than that of independent rows, by less than the checks can tell."""
