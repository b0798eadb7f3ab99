"""Chain estimators with states between lo and hi: foust, gumbel_softmax.  Every unit is a list of atoms (state, factor, chance).

The nodes of a Gauss-Legendre rule are the atoms, all units jointly, so three units at most.
"""

import numpy as np

from witness.chain import backward
from witness.enumeration import averaged, bits, rows, spread
from witness.gradient import score
from witness.network import Plain


def nodes(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on (0, 1)."""
    node, weight = np.polynomial.legendre.leggauss(order)
    return (node + 1) / 2, weight / 2


def foust(net: Plain, a: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[.., 2 order] each: the middle plus t of the way to the sampled state, t ~ U(0, 1), factor span rho / (2 P(x))."""
    t, weight = nodes(order)
    parts = []
    for bit in (0, 1):
        chance, factor = net.law.chance(a, bit), net.span / 2 * np.abs(score(net, a, np.full(a.shape, bit)))
        state = sum(net.states) / 2 + (2 * bit - 1) * net.span / 2 * t
        parts.append((np.broadcast_to(state, (*a.shape, order)), np.repeat(factor[..., None], order, -1), chance[..., None] * weight))
    return tuple(np.concatenate(part, -1) for part in zip(*parts, strict=True))


def gumbel_softmax(net: Plain, a: np.ndarray, order: int, tau: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[.., order] each: the relaxed state tanh(k (a - z) / (2 tau)) of the noise z at the nodes of u, and its derivative."""
    u, weight = nodes(order)
    rate = 4 * net.law.density(0.0) / (2 * tau)
    soft = np.tanh(rate * (a[..., None] - net.law.quantile(u)))
    return sum(net.states) / 2 + net.span / 2 * soft, net.span / 2 * rate * (1 - soft**2), np.broadcast_to(weight, soft.shape)


def moments(net: Plain, unit, order: int) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row."""
    def one(point):
        chance, inputs, factors = np.ones(1), [net.X[point][None]], []
        for layer in range(net.depth):
            state, factor, weight = unit(net, inputs[-1] @ net.weights[layer].T + net.biases[layer], order)
            width, atoms = state.shape[1:]
            which = bits(width, atoms)

            def chosen(table, which=which, width=width):
                return np.stack([table[:, i][:, which[:, i]] for i in range(width)], -1).reshape(-1, width)

            times = len(which)
            chance = np.repeat(chance, times) * chosen(weight).prod(1)
            inputs, factors = ([np.repeat(table, times, 0) for table in part] for part in (inputs, factors))
            inputs.append(chosen(state))
            factors.append(chosen(factor))
        return spread(chance, rows(inputs, backward(net, factors, net.outcome(inputs[-1], point)[1])))

    return averaged(net, one)
