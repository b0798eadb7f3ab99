"""The tape: what a forward pass asks its units for.  In order of call each site hands over its pre-activations and receives its states.

A module that is called twice is two sites.  While a tape plays, it answers for all units of this thread; else they draw for themselves.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from torch import Tensor

from straightedge.estimators.module.law import Law

Answer = Callable[[int, Tensor, Law], Tensor]
"""(number of the call, pre-activations [b, i] or [1, i], law) -> states of that shape."""


@dataclass(frozen=True)
class Call:
    """One site: what was asked and answered, in the shape [b, i] or [1, i]."""

    a: Tensor
    x: Tensor
    law: Law


@dataclass(eq=False)
class Tape:
    """Answers calls and remembers them."""

    answer: Answer
    together: bool = False
    """Whether the batch is one unit of credit: one point, whose units are all points' units."""
    calls: list[Call] = field(default_factory=list)

    def __call__(self, a: Tensor, law: Law) -> Tensor:
        """The states of the site that is called now, in the shape of a."""
        flat = a.reshape(1 if law.shared or self.together else len(a), -1)
        x = self.answer(len(self.calls), flat, law)
        self.calls.append(Call(flat, x, law))
        return x.reshape(a.shape)


PLAYING: ContextVar[Tape | None] = ContextVar("straightedge_tape", default=None)


@contextmanager
def playing(tape: Tape) -> Iterator[Tape]:
    """Units called inside are answered by this tape."""
    token = PLAYING.set(tape)
    try:
        yield tape
    finally:
        PLAYING.reset(token)
