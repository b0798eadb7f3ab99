"""Estimators that compare two rollouts f(x) - f(x') in every layer, the layers above following both with common uniforms.

A unit's pair (x, x') has number 2 bit + bit', so 0 both lo, 1 and 2 apart, 3 both hi.  Tables [s, n, 4] hold E[c^k 1{pair}].
"""

import numpy as np

from witness.enumeration import averaged, below, bits, joint, rows, spread
from witness.network import Plain


def comonotone(net: Plain, a, other) -> np.ndarray:
    """[.., 4]: one uniform for both, so P(both hi) is the smaller of the two chances."""
    p, q = net.law.cdf(a), net.law.cdf(other)
    both = np.minimum(p, q)
    return np.stack((np.minimum(net.law.tail(a), net.law.tail(other)), q - both, p - both, both), -1)


def independent(net: Plain, a, other) -> np.ndarray:
    """[.., 4]: two uniforms: not what the package does, to show that the difference is seen."""
    p, q = net.law.cdf(a), net.law.cdf(other)
    return np.stack(((1 - p) * (1 - q), (1 - p) * q, p * (1 - q), p * q), -1)


def difference(net: Plain, point: int, layer: int, x, other, above=comonotone) -> tuple[np.ndarray, np.ndarray]:
    """(E[f - f'], E[(f - f')^2]) [k] from the pairs of states x, other [k, n] of Bernoulli layer `layer`, over all pairs above."""
    if layer == net.depth - 1:
        gap = net.outcome(x, point)[0] - net.outcome(other, point)[0]
        return gap, gap**2
    weight, bias = net.weights[layer + 1], net.biases[layer + 1]
    table = above(net, x @ weight.T + bias, other @ weight.T + bias)
    kinds = bits(len(bias), 4)
    chance = np.ones((len(x), len(kinds)))
    for unit in range(len(bias)):
        chance = chance * table[:, unit][:, kinds[:, unit]]
    first, second = difference(net, point, layer + 1, net.encode(kinds // 2), net.encode(kinds % 2), above)
    return chance @ first, chance @ second


def arm_tables(net: Plain, a) -> list[np.ndarray]:
    """x = 1[u < p], x' = 1[u > 1 - p], c = (1/2 - u) d logit / d a: integrals over the pieces of (0, 1)."""
    p, q = net.law.cdf(a), net.law.tail(a)
    slope = np.where(p * q > 0, net.law.density(a) / np.where(p * q > 0, p * q, 1.0), 0.0)
    t, tables = np.minimum(p, q), []  # u in (0, t) gives (hi, lo), in (1 - t, 1) (lo, hi), and between them the likelier state twice
    for k, end in enumerate((t, (t - t**2) / 2, (3 * t - 6 * t**2 + 4 * t**3) / 12)):  # integral of (1/2 - u)^k over (0, t)
        middle = (1 - 2 * t, 0 * t, (1 - 2 * t) ** 3 / 12)[k]
        tables.append(slope[..., None] ** k * np.stack((np.where(p > q, 0.0, middle), (-1) ** k * end, end,
                                                        np.where(p > q, middle, 0.0)), -1))
    return tables


def disarm_tables(net: Plain, a) -> list[np.ndarray]:
    """The same pairs, c = (bit - bit') rho / (2 min(p, 1 - p))."""
    chance = arm_tables(net, a)[0]
    tail = np.minimum(net.law.cdf(a), net.law.tail(a))
    size = np.where(tail > 0, net.law.density(a) / np.where(tail > 0, 2 * tail, 1.0), 0.0)[..., None]
    sign = np.array([0.0, -1.0, 1.0, 0.0])
    return [chance, chance * size * sign, chance * size**2 * sign**2]


def flip_tables(net: Plain, a) -> list[np.ndarray]:
    """Every other unit the same in both; the unit itself hi in x and lo in x', c = rho."""
    p, rho, zero = net.law.cdf(a), net.law.density(a), np.zeros_like(a)
    return [np.stack(part, -1) for part in ((1 - p, zero, zero, p), (zero, zero, rho, zero), (zero, zero, rho**2, zero))]


def moments(net: Plain, tables, above=comonotone) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row whose deltas are c_i (f(x) - f(x')), by enumeration of all pairs."""
    def one(point):
        means, variances = [], []
        for layer in range(net.depth):
            chance, inputs, _, _ = below(net, point, layer)
            x = np.concatenate((inputs[-1], np.ones((len(chance), 1))), 1)
            a = x @ np.concatenate((net.weights[layer], net.biases[layer][:, None]), 1).T
            kinds = bits(a.shape[1], 4)
            gaps = difference(net, point, layer, net.encode(kinds // 2), net.encode(kinds % 2), above)
            orders = tables(net, a)
            found = [np.zeros((a.shape[1], x.shape[1])) for _ in range(2)]
            for unit in range(a.shape[1]):
                for order, gap in zip((1, 2), gaps, strict=True):
                    weight = np.ones((len(a), len(kinds)))
                    for other in range(a.shape[1]):
                        weight = weight * orders[order if other == unit else 0][:, other][:, kinds[:, other]]
                    found[order - 1][unit] = (chance * (weight @ gap)) @ x**order
            for part, table in ((means, found[0]), (variances, found[1] - found[0] ** 2)):
                part += [table[:, :-1].ravel(), table[:, -1]]
        return with_output(net, point, means, variances)

    return averaged(net, one)


def with_output(net: Plain, point: int, means: list, variances: list) -> tuple[np.ndarray, np.ndarray]:
    """The moments of all layers from those of the Bernoulli layers: the output layer's delta is the loss's own slope."""
    all_ = joint(net, point)
    mean, variance = spread(all_.chance, rows(all_.inputs[-1:], [all_.slope]))
    return np.concatenate([*means, mean]), np.concatenate([*variances, variance])
