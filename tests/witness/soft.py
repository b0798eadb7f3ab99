"""Chain estimators with hard states whose local derivative has a noise of its own given the state: st_gumbel, gumbel_rao.

c = span / 2 d tanh(k (a - z) / (2 tau)) / d a, z the unit's noise, k = 4 F'(0); x = hi where z < a.
"""

from functools import cache

import numpy as np
from scipy import integrate

from witness.enumeration import averaged, joint
from witness.network import Plain
from witness.noise import NOISES


@cache
def factor(noise: str, a: float, bit: int, tau: float) -> tuple[float, float]:
    """(E[c | a, x], E[c^2 | a, x]) for states -1, +1, by quadrature over z."""
    law = NOISES[noise]
    start, stop = (law.ends[0], min(a, law.ends[1])) if bit else (max(a, law.ends[0]), law.ends[1])
    chance, rate = float(law.chance(a, bit)), 4 * float(law.density(0.0)) / (2 * tau)
    if chance == 0:
        return 0.0, 0.0
    middle = [point for point in (*law.kinks, a - 3, a + 3, -4.0, 4.0) if start < point < stop]
    places = sorted({start, stop, *middle})
    found = []
    for power in (1, 2):
        def integrand(z, power=power):
            return (rate / np.cosh(np.clip(rate * (a - z), -300, 300)) ** 2) ** power * float(law.density(z))

        found.append(sum(integrate.quad(integrand, low, high, epsabs=1e-14, epsrel=1e-13, limit=200)[0]
                         for low, high in zip(places, places[1:], strict=False)) / chance)
    return found[0], found[1]


def moments(net: Plain, tau: float = 0.5, noises: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row; the derivative averaged over `noises` draws of z given x.

    Given all states the factors of different units are independent, so E[delta delta'] climbs down as a matrix for each joint state."""
    def factors(a, bit):
        pairs = np.array([factor(net.noise, float(v), int(w), tau) for v, w in zip(a.ravel(), bit.ravel(), strict=True)])
        first, second = (part.reshape(a.shape) for part in pairs.T)
        half = net.span / 2
        return half * first, half**2 * (first**2 + (second - first**2) / noises)

    def one(point):
        all_ = joint(net, point)
        first, second = [all_.slope], [all_.slope[:, :, None] * all_.slope[:, None, :]]
        for layer in reversed(range(net.depth)):
            weight = net.weights[layer + 1]
            c, square = factors(all_.activations[layer], all_.bits[layer])
            both = c[:, :, None] * c[:, None, :]
            units = np.arange(c.shape[1])
            both[:, units, units] = square
            first.insert(0, c * (first[0] @ weight))
            second.insert(0, both * (weight.T @ second[0] @ weight))
        means, variances = [], []
        for x, delta, square in zip(all_.inputs, first, second, strict=True):
            x = np.concatenate((x, np.ones((len(x), 1))), 1)
            mean = np.einsum("s,so,si->oi", all_.chance, delta, x)
            variance = np.einsum("s,soo,si->oi", all_.chance, square, x**2) - mean**2
            for part, table in ((means, mean), (variances, variance)):
                part += [table[:, :-1].ravel(), table[:, -1]]
        return np.concatenate(means), np.concatenate(variances)

    return averaged(net, one)
