"""Exact variances with many digits of more estimators than `precise` has: any rule with hard states whose factor is a function of
(a, x), and differences of losses in the last Bernoulli layer.  Scalars of mpmath, joint enumeration."""

from collections.abc import Callable

import numpy as np
from mpmath import mp, mpf

from witness.network import Plain
from witness.precise import CDF, DENSITY, outcome, row, states

DIGITS = 250
Factor = Callable[[Plain, object, int], object]

FACTORS: dict[str, Factor] = {
    "straight_through": lambda net, a, bit: net.span * DENSITY[net.noise](a),
    "identity": lambda net, a, bit: mpf(1),
    "darn": lambda net, a, bit: net.span * DENSITY[net.noise](a) / (2 * CDF[net.noise](a if bit else -a)),
}


def layers_of(net: Plain) -> list:
    """Weights and biases as numbers of mpmath."""
    return [([[mpf(float(w)) for w in part] for part in weight], [mpf(float(b)) for b in bias])
            for weight, bias in zip(net.weights, net.biases, strict=True)]


def moments(net: Plain, rows: Callable[[int], list]) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) [d] in float64, of the average over data points of independent rows [(chance, [d])]."""
    means, variances = [], []
    for point in range(len(net.X)):
        table = rows(point)
        columns = list(zip(*(values for _, values in table), strict=True))
        mean = [sum(chance * value for (chance, _), value in zip(table, column, strict=True)) for column in columns]
        means.append(mean)
        variances.append([sum(chance * (value - m) ** 2 for (chance, _), value in zip(table, column, strict=True))
                          for column, m in zip(columns, mean, strict=True)])
    count = mpf(len(net.X))
    return tuple(np.array([float(sum(column) / count**power) for column in zip(*parts, strict=True)])
                 for parts, power in ((means, 1), (variances, 2)))


def chain(net: Plain, factor: Factor) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) [d] of the rule with this factor."""
    with mp.workdps(DIGITS):
        layers = layers_of(net)

        def rows(point: int) -> list:
            table = []
            for chance, inputs, bits, activations, z in states(net, layers, point):
                deltas = [outcome(net.loss, z, net.Y[point])[1]]
                for layer in reversed(range(net.depth)):
                    weight = layers[layer + 1][0]
                    pulled = [sum(d * w[i] for d, w in zip(deltas[0], weight, strict=True)) for i in range(len(bits[layer]))]
                    deltas.insert(0, [factor(net, a, bit) * d
                                      for a, bit, d in zip(activations[layer], bits[layer], pulled, strict=True)])
                table.append((chance, row(inputs, deltas)))
            return table

        return moments(net, rows)


def last_layer(net: Plain) -> tuple[np.ndarray, np.ndarray]:
    """(mean, variance) of the last Bernoulli layer's part of a row made of F'(a_i) (f(x_i = hi) - f(x_i = lo))."""
    with mp.workdps(DIGITS):
        layers, last = layers_of(net), net.depth - 1

        def rows(point: int) -> list:
            every = list(states(net, layers, point))
            loss = {bits[last]: outcome(net.loss, z, net.Y[point])[0] for _, _, bits, _, z in every}
            table = []
            for chance, inputs, bits, activations, _ in every:
                own = bits[last]
                sides = [[loss[(*own[:i], bit, *own[i + 1:])] for bit in (1, 0)] for i in range(len(own))]
                delta = [DENSITY[net.noise](a) * (high - low) for a, (high, low) in zip(activations[last], sides, strict=True)]
                table.append((chance, row([inputs[last]], [delta])))
            return table

        return moments(net, rows)
