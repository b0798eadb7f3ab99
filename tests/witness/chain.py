"""Chain estimators with hard states: delta = c * g, g the slope from above through the weights, c a function of (a, x).

Factors are for any states lo, hi: `net.span` / 2 times the factor of states -1, +1.
"""

import numpy as np

from witness.enumeration import averaged, joint, rows, spread
from witness.gradient import score
from witness.network import Plain


def straight_through(net, a, bit):
    """The derivative of the mean."""
    return net.span * net.law.density(a)


def identity(net, a, bit):
    """1 for states -1, +1."""
    return net.span / 2 * np.ones_like(a)


def clipped_identity(net, a, bit):
    """The derivative of hardtanh."""
    return net.span / 2 * (np.abs(a) <= 1)


def tanh_proxy(net, a, bit):
    """The derivative of tanh."""
    return net.span / 2 / np.cosh(a) ** 2


def approx_sign(net, a, bit):
    """A tent on [-2, 2] with top 1."""
    return net.span / 2 * np.maximum(0.0, 1 - np.abs(a) / 2)


def darn(net, a, bit):
    """rho / P(x), halved: |d log P / d a| span / 2."""
    return net.span / 2 * np.abs(score(net, a, bit))


def zgr(net, a, bit):
    """Half straight-through, half (x - E x) d log P / d a."""
    mean = net.states[0] * net.law.tail(a) + net.states[1] * net.law.cdf(a)
    return net.span * net.law.density(a) / 2 + (net.encode(bit) - mean) * score(net, a, bit) / 2


def reinmax(net, a, bit):
    """Heun's rule: twice the variance of the state halfway to the mean, less half that of the state, by the logit."""
    p, q = net.law.cdf(a), net.law.tail(a)
    middle, rest = (bit + p) / 2, (1 - bit + q) / 2
    certain = p * q == 0
    by_a = np.where(certain, 0.0, net.law.density(a) / np.where(certain, 1.0, p * q))
    return net.span * (2 * middle * rest - p * q / 2) * by_a


FACTORS = {rule.__name__: rule for rule in (straight_through, identity, clipped_identity, tanh_proxy, approx_sign, darn, zgr, reinmax)}


def backward(net: Plain, factors: list[np.ndarray], slope: np.ndarray) -> list[np.ndarray]:
    """The deltas [s, o] of every affine layer, by the chain rule with these local derivatives [s, o]."""
    deltas = [slope]
    for layer in reversed(range(net.depth)):
        deltas.insert(0, factors[layer] * (deltas[0] @ net.weights[layer + 1]))
    return deltas


def moments(net: Plain, factor) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row."""
    def one(point):
        all_ = joint(net, point)
        factors = [factor(net, a, bit) for a, bit in zip(all_.activations, all_.bits, strict=True)]
        return spread(all_.chance, rows(all_.inputs, backward(net, factors, all_.slope)))

    return averaged(net, one)


def fixed(net: Plain, state) -> tuple[np.ndarray, np.ndarray]:
    """The same where every unit takes one state, state(net, a), and the derivative of its mean: no variance."""
    def one(point):
        inputs, factors = [net.X[point][None]], []
        for layer in range(net.depth):
            a = inputs[-1] @ net.weights[layer].T + net.biases[layer]
            inputs.append(state(net, a))
            factors.append(straight_through(net, a, None))
        row = rows(inputs, backward(net, factors, net.outcome(inputs[-1], point)[1]))[0]
        return row, np.zeros_like(row)

    return averaged(net, one)


def mean_field(net, a):
    """The mean state."""
    return net.states[0] * net.law.tail(a) + net.states[1] * net.law.cdf(a)


def deterministic(net, a):
    """The likelier state."""
    return net.encode(a > 0)
