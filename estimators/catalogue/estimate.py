"""The door through which estimates enter: whoever draws rows calls the estimator through `estimates`, which holds them to the contract.

Shapes: n rows, d parameters.
"""

import sys

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import Network


class EstimateError(InputError):
    """What an estimator returned is no set of estimates.  The message is one sentence with its name and its file."""


def estimates(estimator: Estimator, network: Network, n: int, rng: torch.Generator) -> Float[Tensor, "n d"]:
    """n estimates of this estimator, detached.

    Raises EstimateError where they are not n rows of d finite real floating numbers, drawn from `rng` alone, or where the call exits."""
    seed, outside = rng.initial_seed(), torch.get_rng_state()
    try:
        rows = estimator(network, n, rng)
    except SystemExit as stop:  # it would end the program that measures, with the status of a success
        raise EstimateError(f"{origin(estimator)}: the call exits ({stop!r}); expected {n} estimates") from stop
    fault = broken(rows, network, n)
    if not fault and rng.initial_seed() != seed:
        fault = "the call seeds the given generator; expected it to draw from it"
    if not fault and not torch.equal(torch.get_rng_state(), outside):
        fault = "the call draws from torch's global generator; expected it to draw from the given one"
    if fault:
        raise EstimateError(f"{origin(estimator)}: {fault}")
    return rows.detach()


def broken(rows: object, network: Network, n: int) -> str:
    """What is wrong with these estimates; empty where nothing is."""
    shape = (n, len(network.theta))
    if not isinstance(rows, Tensor):
        return f"expected a tensor of shape {shape}, got a {type(rows).__name__}"
    if tuple(rows.shape) != shape:
        return f"expected {shape[0]} rows of {shape[1]} numbers, a row for each estimate, got shape {tuple(rows.shape)}"
    if not rows.dtype.is_floating_point:
        return f"expected real floating-point numbers as {network.theta.dtype}, got {rows.dtype}"
    if rows.device != network.theta.device:
        return f"expected estimates on the network's device {network.theta.device}, got {rows.device}"
    lost = int((~torch.isfinite(rows)).any(1).sum())
    return f"{lost} of {n} rows hold NaN or infinity; expected finite numbers" if lost else ""


def origin(estimator: Estimator) -> str:
    """The estimator, and the file that its class is written in."""
    kind = type(estimator)
    file = vars(sys.modules.get(kind.__module__, sys)).get("__file__")
    return f"{estimator} ({file})" if file else str(estimator)
