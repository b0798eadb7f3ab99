"""The exact gradient in float64 that keeps its digits under saturation: sums of differences, never differences of sums.

    D_i(x) = E[f | x_i = hi] - E[f | x_i = lo]     d E f / d a_i = E[F'(a_i) D_i]

In the last layer D is a difference of two losses; below, the change of a product of probabilities is a telescope over its factors,

    D_i(x) = sum_j (p_j(x_i = hi) - p_j(x_i = lo)) E[D_j(y)],   y_k by x_i = hi for k < j, by x_i = lo for k > j

whose terms are products of numbers known to the last bit: F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)), b - a a weight times lo - hi.
It shows what a float64 computation can keep.  Logistic noise only.
"""

import numpy as np

from witness.enumeration import below, bits, joint
from witness.network import Plain


def centred(net: Plain, point: int) -> Plain:
    """The same network for this data point; under squared error its target, which may be large, is taken from the output's bias."""
    if net.loss != "squared_error":
        return net
    return net.change(biases=(*net.biases[:-1], net.biases[-1] - net.Y[point]), Y=np.zeros_like(net.Y))


def gaps(net: Plain, point: int) -> np.ndarray:
    """[s, n]: D of the last Bernoulli layer at all its states."""
    own = bits(net.weights[-1].shape[1])
    sides = []
    for bit in (1, 0):
        changed = [net.encode(np.where(np.arange(own.shape[1]) == unit, bit, own)) for unit in range(own.shape[1])]
        sides.append(np.stack([net.outcome(x, point)[0] for x in changed], 1))
    return sides[0] - sides[1]


def lower(net: Plain, layer: int, above: np.ndarray) -> np.ndarray:
    """[s, n]: D of Bernoulli layer `layer` at all its states, from that of the next one."""
    weight, bias = net.weights[layer + 1], net.biases[layer + 1]
    own, over = bits(weight.shape[1]), bits(len(bias))
    out = np.zeros((len(own), weight.shape[1]))
    for unit in range(weight.shape[1]):
        hi, lo = (net.encode(np.where(np.arange(own.shape[1]) == unit, bit, own)) @ weight.T + bias for bit in (1, 0))
        change = -net.law.cdf(hi) * net.law.tail(lo) * np.expm1(-net.span * weight[:, unit])
        for j in range(len(bias)):
            mixed = np.where(np.arange(len(bias)) < j, hi, lo)
            others = [np.delete(net.law.chance(mixed, y), j, 1).prod(1) for y in over]  # each y twice, its unit j lo and hi
            out[:, unit] += change[:, j] * (np.stack(others, 1) @ above[:, j]) / 2
    return out


def gradient(net: Plain) -> np.ndarray:
    """[d]."""
    total = 0.0
    for point in range(len(net.X)):
        own = centred(net, point)
        tables = [gaps(own, point)]
        for layer in reversed(range(net.depth - 1)):
            tables.insert(0, lower(net, layer, tables[0]))
        parts = []
        for layer, table in enumerate(tables):
            chance, inputs, _, _ = below(net, point, layer)
            a = inputs[-1] @ net.weights[layer].T + net.biases[layer]
            states = np.stack([net.law.chance(a, x).prod(1) for x in bits(a.shape[1])], 1)
            delta = chance[:, None] * net.law.density(a) * (states @ table)
            parts += [(delta.T @ inputs[-1]).ravel(), delta.sum(0)]
        all_ = joint(own, point)
        slope = all_.chance[:, None] * all_.slope
        total = total + np.concatenate([*parts, (slope.T @ all_.inputs[-1]).ravel(), slope.sum(0)])
    return total / len(net.X)
