"""Who is told of the steps of a course of training, where its problem is built without being asked for progress."""

from collections.abc import Callable
from contextvars import ContextVar

Listener = Callable[..., object]
"""Is told (steps, loss): of steps as they are made, and now and then of the loss, else None."""
LISTENER: ContextVar[Listener | None] = ContextVar("LISTENER", default=None)
