"""Networks on which numbers or verdicts were once wrong, written out, and their right values to 25 digits.

`case.json` holds the arrays of every network as decimal numbers, exact in float64, with why it is there; and the right values, which
`precise` finds anew in the tests: |gradient| and |bias of straight-through| / |gradient| of every layer ('-' where the gradient is 0).
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from witness.network import Plain, formula
from witness.precise import Truth, truth

FILE = Path(__file__).with_name("case.json")
STORED = json.loads(FILE.read_text())
BIASES = (25, 30, 34, 38, 50)
NOISES = ("logistic", "logistic2", "uniform", "triangular", "normal")


def stored(name: str) -> Plain:
    """The network of this name, in {-1, +1}, under logistic noise."""
    entry = STORED["network"][name]
    parts = [[np.array(part, float) for part in entry[key]] for key in ("weights", "biases")]
    weights = tuple(part.reshape(len(bias), -1) for part, bias in zip(*parts, strict=True))
    X = np.array(entry["X"], float).reshape(len(entry["X"]), -1)
    labels = np.array(entry["Y"])
    return Plain(weights, tuple(parts[1]), X, labels.reshape(-1, 1) if entry["loss"] == "squared_error" else labels, entry["loss"])


def saturated(bias: float, noise: str = "logistic") -> Plain:
    """A 2-4-3-2 network, two data points, whose units all have a bias of about +-`bias`, both signs in turn in every layer."""
    net = formula(points=2, noise=noise, scale=0.8)
    signs = [(-1.0) ** (np.arange(len(own)) + layer) for layer, own in enumerate(net.biases[:-1])]
    return net.change(biases=(*(bias * sign + own for sign, own in zip(signs, net.biases, strict=False)), net.biases[-1]))


def network(name: str) -> Plain:
    """`zero`, `zero:triangular` (under another noise), `saturated:38` (made by formula)."""
    name, _, option = name.partition(":")
    if name == "saturated":
        return saturated(float(option))
    return stored(name).change(noise=option or "logistic")


NAMES = [*STORED["network"], *(f"{name}:{noise}" for name in ("zero", "one") for noise in NOISES[1:]),
         *(f"saturated:{bias}" for bias in BIASES)]


@cache
def right(name: str) -> Truth:
    """The right values of this network, found once in a process."""
    return truth(network(name))
