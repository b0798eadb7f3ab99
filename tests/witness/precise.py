"""Exact gradient and moments of straight-through with many digits, where float64 has none left: scalars of mpmath, joint enumeration.

In a saturated network the gradient of a low layer is a product of one rare event a layer, 1e-44 for two layers of bias 50, which the
likelihood-ratio identity finds as a difference of numbers near 1; the variance is near 1e-110.  DIGITS are more than that takes.
"""

from dataclasses import dataclass
from itertools import product

from mpmath import mp, mpf

from witness.network import Plain

DIGITS = 300

CDF = {
    "logistic": lambda a: 1 / (1 + mp.exp(-a)),
    "logistic2": lambda a: 1 / (1 + mp.exp(-2 * a)),
    "uniform": lambda a: min(max((a + 1) / 2, mpf(0)), mpf(1)),
    "triangular": lambda a: mpf(0) if a < -2 else mpf(1) if a > 2 else (2 + a) ** 2 / 8 if a < 0 else 1 - (2 - a) ** 2 / 8,
    "normal": mp.ncdf,
}
DENSITY = {
    "logistic": lambda a: CDF["logistic"](a) * CDF["logistic"](-a),
    "logistic2": lambda a: 2 * CDF["logistic2"](a) * CDF["logistic2"](-a),
    "uniform": lambda a: mpf(1) / 2 if abs(a) < 1 else mpf(0),
    "triangular": lambda a: max(mpf(0), 1 - abs(a) / 2) / 2,
    "normal": mp.npdf,
}


def outcome(loss: str, z: list, y) -> tuple:
    """(loss, derivative by z) of one data point."""
    if loss == "cross_entropy":
        total = sum(mp.exp(value) for value in z)
        return mp.log(total) - z[int(y)], [mp.exp(value) / total - (place == int(y)) for place, value in enumerate(z)]
    if loss == "logistic":
        y = mpf(float(y))
        return mp.log(1 + mp.exp(-y * z[0])), [-y / (1 + mp.exp(y * z[0]))]
    gap = [value - mpf(float(target)) for value, target in zip(z, y, strict=True)]
    return sum(value**2 for value in gap), [2 * value for value in gap]


def states(net: Plain, layers: list, point: int):
    """(chance, inputs of every affine layer, bits, activations) of every joint state, by recursion."""
    lo, hi = (mpf(state) for state in net.states)

    def climb(chance, inputs, bits, activations):
        layer = len(bits)
        weight, bias = layers[layer]
        a = [sum((w * x for w, x in zip(row, inputs[-1], strict=True)), b) for row, b in zip(weight, bias, strict=True)]
        if layer == net.depth:
            yield chance, inputs, bits, activations, a
            return
        p = [(CDF[net.noise](-v), CDF[net.noise](v)) for v in a]
        for new in product((0, 1), repeat=len(a)):
            own = chance
            for pair, bit in zip(p, new, strict=True):
                own = own * pair[bit]
            if own:
                yield from climb(own, [*inputs, [hi if bit else lo for bit in new]], [*bits, new], [*activations, a])

    return climb(mpf(1), [[mpf(float(x)) for x in net.X[point]]], [], [])


def row(inputs: list, deltas: list) -> list:
    """[d]: W row by row, then b, layer by layer."""
    out = []
    for x, delta in zip(inputs, deltas, strict=True):
        out += [d * v for d in delta for v in x] + list(delta)
    return out


@dataclass(frozen=True)
class Truth:
    """Numbers of mpmath, [d] each: the gradient, and a row of straight-through and of REINFORCE without baseline."""

    gradient: list
    through: list
    through_variance: list
    reinforce_variance: list

    def lengths(self, net: Plain) -> list[tuple]:
        """(|gradient|, |bias of straight-through|) of every layer."""
        return [(length(self.gradient[part]), length([b - g for b, g in zip(self.through[part], self.gradient[part], strict=True)]))
                for part in net.groups]


def length(vector: list):
    """The Euclidean length."""
    with mp.workdps(DIGITS):
        return mp.sqrt(sum(v**2 for v in vector))


def truth(net: Plain, digits: int = DIGITS) -> Truth:
    """The sums over all joint states; a sum whose terms cancel to half the digits is 0."""
    with mp.workdps(digits):
        layers = [([[mpf(float(w)) for w in part] for part in weight], [mpf(float(b)) for b in bias])
                  for weight, bias in zip(net.weights, net.biases, strict=True)]
        totals = [moments(net, layers, point) for point in range(len(net.X))]
        count = mpf(len(totals))
        parts = [[sum(column) for column in zip(*which, strict=True)] for which in zip(*totals, strict=True)]
        tiny = mpf(10) ** (-digits // 2)
        parts = [[value / count ** power if abs(value) > tiny else mpf(0) for value in part]
                 for part, power in zip(parts, (1, 1, 2, 2), strict=True)]
        return Truth(*parts)


def moments(net: Plain, layers: list, point: int) -> tuple[list, list, list, list]:
    """One data point's gradient, straight-through's mean, its variance, and REINFORCE's, [d] each."""
    table = []
    for chance, inputs, bits, activations, z in states(net, layers, point):
        value, slope = outcome(net.loss, z, net.Y[point])
        scores = [[(1 if bit else -1) * DENSITY[net.noise](v) / CDF[net.noise](v if bit else -v)
                   for v, bit in zip(a, own, strict=True)] for a, own in zip(activations, bits, strict=True)]
        deltas = [slope]
        for layer in reversed(range(net.depth)):
            weight = layers[layer + 1][0]
            pulled = [sum(d * w[i] for d, w in zip(deltas[0], weight, strict=True)) for i in range(len(inputs[layer + 1]))]
            deltas.insert(0, [net.span * DENSITY[net.noise](v) * d for v, d in zip(activations[layer], pulled, strict=True)])
        table.append((chance, row(inputs, [*([value * s for s in own] for own in scores), slope]), row(inputs, deltas)))
    found = []
    for which in (1, 2):
        columns = list(zip(*(entry[which] for entry in table), strict=True))
        mean = [sum(entry[0] * v for entry, v in zip(table, column, strict=True)) for column in columns]
        found += [mean, [sum(entry[0] * (v - m) ** 2 for entry, v in zip(table, column, strict=True))
                         for column, m in zip(columns, mean, strict=True)]]
    return found[0], found[2], found[3], found[1]
