"""A network in plain arrays: Bernoulli layers, then one affine output layer and a loss."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from witness.loss import LOSSES
from witness.noise import NOISES, Noise

SIGNS, BITS = (-1.0, 1.0), (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Plain:
    """weights [o, i] and biases [o] of every affine layer, the output's last; inputs X [b, i], labels Y [b] or [b, m]."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    X: np.ndarray
    Y: np.ndarray
    loss: str = "cross_entropy"
    noise: str = "logistic"
    states: tuple[float, float] = SIGNS

    @property
    def depth(self) -> int:
        """Bernoulli layers."""
        return len(self.weights) - 1

    @property
    def span(self) -> float:
        """hi - lo."""
        return self.states[1] - self.states[0]

    @property
    def law(self) -> Noise:
        """The noise itself."""
        return NOISES[self.noise]

    @property
    def groups(self) -> list[slice]:
        """The places of every layer's parameters in a row."""
        ends = np.cumsum([0] + [w.size + b.size for w, b in zip(self.weights, self.biases, strict=True)])
        return [slice(low, high) for low, high in pairwise(ends.tolist())]

    def change(self, **values) -> "Plain":
        """The same network but for these values."""
        return replace(self, **values)

    def encode(self, bit):
        """States from bits."""
        return self.states[0] + self.span * np.asarray(bit, float)

    def outcome(self, x, point: int):
        """(loss [..], derivative by z [.., m]) of a data point at last states x [.., i]."""
        return LOSSES[self.loss](x @ self.weights[-1].T + self.biases[-1], self.Y[point])


def wave(shape, start: float) -> np.ndarray:
    """Numbers in (-1, 1) of three decimals, the same on every machine: sines of a quadratic."""
    place = np.arange(int(np.prod(shape)), dtype=float) + start
    return np.sin(1.7 * place + 0.31 * place**2).round(3).reshape(shape)


def formula(hidden=(4, 3), points: int = 3, loss: str = "cross_entropy", noise: str = "logistic", states=SIGNS,
            scale: float = 1.0, inputs: int = 2) -> Plain:
    """A network without random numbers: 2 inputs, these hidden widths, one or two outputs."""
    sizes = (inputs, *hidden, 1 if loss == "logistic" else 2)
    weights = tuple(scale * wave((o, i), 10.0 * layer + 1) for layer, (i, o) in enumerate(pairwise(sizes)))
    biases = tuple(0.4 * wave(o, 10.0 * layer + 6) for layer, o in enumerate(sizes[1:]))
    labels = {"cross_entropy": np.arange(points) % 2, "logistic": 1 - 2 * (np.arange(points) % 2),
              "squared_error": wave((points, 2), 90.0)}[loss]
    return Plain(weights, biases, wave((points, inputs), 70.0), labels, loss, noise, states)
