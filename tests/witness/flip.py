"""Estimators that change one unit at a time without common uniforms above: PSA, and measure-valued with independent parts."""

import numpy as np

from witness.enumeration import averaged, below, bits, joint, rows, spread
from witness.network import Plain
from witness.pair import with_output


def with_unit(net: Plain, x: np.ndarray, unit: int, bit: int) -> np.ndarray:
    """The states x [s, n] with this unit's bit set."""
    x = x.copy()
    x[:, unit] = net.states[bit]
    return x


def psa(net: Plain) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row of PSA.

    D_i = f(x_i = hi) - f(x_i = lo) in the last layer; below, D_i = sum_j (P(y_j = hi | x_i = hi) - P(y_j = hi | x_i = lo)) D_j, with
    x and y the sampled states; delta = rho D."""
    def one(point):
        all_ = joint(net, point)
        deltas, gap = [all_.slope], None
        for layer in reversed(range(net.depth)):
            x = all_.inputs[layer + 1]
            sides = []
            for bit in (1, 0):
                changed = [with_unit(net, x, unit, bit) for unit in range(x.shape[1])]
                if gap is None:
                    sides.append(np.stack([net.outcome(y, point)[0] for y in changed], 1))
                else:
                    chances = [net.law.cdf(y @ net.weights[layer + 1].T + net.biases[layer + 1]) for y in changed]
                    sides.append(np.stack([(chance * gap).sum(1) for chance in chances], 1))
            gap = sides[0] - sides[1]
            deltas.insert(0, net.law.density(all_.activations[layer]) * gap)
        return spread(all_.chance, rows(all_.inputs, deltas))

    return averaged(net, one)


def upward(net: Plain, point: int, layer: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(E f, E f^2) [k] from states x [k, n] of a Bernoulli layer, over all states above."""
    if layer == net.depth - 1:
        value = net.outcome(x, point)[0]
        return value, value**2
    a = x @ net.weights[layer + 1].T + net.biases[layer + 1]
    above = bits(a.shape[1])
    chance = np.stack([net.law.chance(a, row).prod(1) for row in above], 1)
    return tuple(chance @ part for part in upward(net, point, layer + 1, net.encode(above)))


def independent_parts(net: Plain) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of measure-valued derivatives rho (f(hi, rest) - f(lo, rest')), rest and rest' independent."""
    def one(point):
        means, variances = [], []
        for layer in range(net.depth):
            chance, inputs, _, _ = below(net, point, layer)
            x = np.concatenate((inputs[-1], np.ones((len(chance), 1))), 1)
            a = inputs[-1] @ net.weights[layer].T + net.biases[layer]
            own, rho = bits(a.shape[1]), net.law.density(a)
            first, second = np.zeros_like(a), np.zeros_like(a)
            for unit in range(a.shape[1]):
                rest = np.stack([np.delete(net.law.chance(a, row), unit, 1).prod(1) for row in own], 1) / 2
                hi, lo = ([rest @ part for part in upward(net, point, layer, with_unit(net, net.encode(own), unit, bit))]
                          for bit in (1, 0))
                first[:, unit] = rho[:, unit] * (hi[0] - lo[0])
                second[:, unit] = rho[:, unit] ** 2 * (hi[1] + lo[1] - 2 * hi[0] * lo[0])
            mean = (chance[:, None] * first).T @ x
            variance = (chance[:, None] * second).T @ x**2 - mean**2
            for part, table in ((means, mean), (variances, variance)):
                part += [table[:, :-1].ravel(), table[:, -1]]
        return with_output(net, point, means, variances)

    return averaged(net, one)
