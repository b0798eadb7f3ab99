"""Noises, states and losses by the words that name them.  Raises InputError, with what would be right, for anything else."""

from straightedge.estimators.network.error import InputError, nearest
from straightedge.estimators.network.loss import LOSSES, Loss
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES, Noise

STATES = {"01": BITS, "+-1": SIGNS}


def noise_of(noise: object) -> Noise:
    """The noise of this name, or itself."""
    if isinstance(noise, Noise):
        return noise
    if not isinstance(noise, str) or noise not in NOISES:
        raise InputError(nearest(str(noise), list(NOISES), "noise"))
    return NOISES[noise]


def states_of(states: object) -> tuple[float, float]:
    """The pair (lo, hi) of these states."""
    if isinstance(states, str) and states in STATES:
        return STATES[states]
    if not (isinstance(states, tuple | list) and len(states) == 2 and states[0] < states[1]):
        raise InputError(f"states: {states!r}; expected {' or '.join(STATES)}, or a pair (lo, hi) with lo < hi, such as (-1, 1)")
    return float(states[0]), float(states[1])


def named_loss(name: str) -> Loss:
    """The loss of this name."""
    if name not in LOSSES:
        raise InputError(nearest(name, list(LOSSES), "loss"))
    return LOSSES[name]
