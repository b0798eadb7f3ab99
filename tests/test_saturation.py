"""Networks whose units are nearly certain: the exact gradient, and moments, in numbers of sixty digits that share no code with it."""

import itertools
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import torch

from straightedge.estimators.arm import Arm
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.sum.reference import Values

pytestmark = pytest.mark.exact

CASES = Path(__file__).resolve().parents[2] / "shared" / "data" / "cases"


def cdf(noise, a):
    if noise.startswith("logistic"):
        return 1 / (1 + mp.exp(-a * (2 if noise == "logistic2" else 1)))
    if noise == "normal":
        return mp.erfc(-a / mp.sqrt(2)) / 2
    if noise == "uniform":
        return min(max((a + 1) / 2, mp.mpf(0)), mp.mpf(1))
    tail = max(2 - abs(a), mp.mpf(0)) ** 2 / 8
    return tail if a < 0 else 1 - tail


def density(noise, a):
    if noise.startswith("logistic"):
        return cdf(noise, a) * cdf(noise, -a) * (2 if noise == "logistic2" else 1)
    if noise == "normal":
        return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)
    return mp.mpf(abs(a) < 1) / 2 if noise == "uniform" else max(2 - abs(a), mp.mpf(0)) / 4


def loss_of(name, z, y):
    """(loss, derivative by z)."""
    if name == "cross_entropy":
        total = sum(mp.exp(v) for v in z)
        return mp.log(total) - z[int(y)], [mp.exp(v) / total - (k == int(y)) for k, v in enumerate(z)]
    if name == "logistic":
        return mp.log(1 + mp.exp(-y * z[0])), [-y / (1 + mp.exp(y * z[0]))]
    return sum((v - t) ** 2 for v, t in zip(z, y, strict=True)), [2 * (v - t) for v, t in zip(z, y, strict=True)]


class Witness:
    """A network of numbers of sixty digits; its gradient, layer after layer, weights row by row and then biases."""

    def __init__(self, weights, biases, inputs, labels, loss="cross_entropy", noise="logistic", states=SIGNS):
        mp.mp.dps = 60
        exact = np.vectorize(lambda v: mp.mpf(float(v)), otypes=[object])
        self.weights, self.biases, self.inputs = [exact(w) for w in weights], [exact(b) for b in biases], exact(inputs)
        self.labels, self.loss, self.noise, self.states = labels, loss, noise, states
        kinds = {"cross_entropy": CrossEntropy(), "logistic": LogisticLoss(), "squared_error": SquaredError()}
        tensor = torch.as_tensor
        self.network = Network.of([tensor(w) for w in weights], [tensor(b) for b in biases], tensor(inputs), tensor(labels), kinds[loss],
                                  NOISES[noise], states)

    def affine(self, layer, x):
        return [sum((w * v for w, v in zip(row, x, strict=True)), b) for row, b in
                zip(self.weights[layer], self.biases[layer], strict=True)]

    def gradient(self) -> list[np.ndarray]:
        depth = len(self.weights) - 1
        tables = [list(itertools.product([mp.mpf(s) for s in self.states], repeat=len(b))) for b in self.biases[:depth]]
        weight, bias = [w * 0 for w in self.weights], [b * 0 for b in self.biases]
        for x, y in zip(self.inputs, self.labels, strict=True):
            y = [mp.mpf(float(v)) for v in y] if self.loss == "squared_error" else int(y)
            below = [[tuple(x)], *tables[:-1]]
            ends = {s: loss_of(self.loss, self.affine(depth, s), y) for s in tables[-1]}
            values, units = [{s: end[0] for s, end in ends.items()}], []
            for layer in reversed(range(depth)):
                found = {}
                for s in below[layer]:
                    a = self.affine(layer, s)
                    found[s] = a, [(cdf(self.noise, -v), cdf(self.noise, v)) for v in a]
                units.insert(0, found)
                values.insert(0, {s: sum(self.chance(pairs, t) * values[0][t] for t in tables[layer]) for s, (_, pairs) in found.items()})
            mass = {tuple(x): mp.mpf(1)}
            for layer in range(depth):
                above = dict.fromkeys(tables[layer], mp.mpf(0))
                for s, (a, pairs) in units[layer].items():
                    for t in tables[layer]:
                        above[t] += mass[s] * self.chance(pairs, t)
                    for i, v in enumerate(a):
                        delta = sum((1 if t[i] == self.states[1] else -1) * self.chance(pairs, t, i) * values[layer + 1][t]
                                    for t in tables[layer]) * density(self.noise, v) * mass[s]
                        weight[layer][i] += delta * np.array(s, dtype=object)
                        bias[layer][i] += delta
                mass = above
            for s, (_, slope) in ends.items():
                weight[depth] += mass[s] * np.outer(np.array(slope, dtype=object), np.array(s, dtype=object))
                bias[depth] += mass[s] * np.array(slope, dtype=object)
        return [np.concatenate((w.ravel(), b)).astype(float) / len(self.inputs) for w, b in zip(weight, bias, strict=True)]

    def chance(self, pairs, state, but=None):
        return mp.fprod(pair[v == self.states[1]] for i, (pair, v) in enumerate(zip(pairs, state, strict=True)) if i != but)


def errors(network, found, truth) -> list[float]:
    """The largest error of each layer, relative to its largest entry."""
    return [float(np.abs(found.numpy()[where] - right).max() / np.abs(right).max())
            for where, right in zip(network.groups.values(), truth, strict=True)]


def witness(widths, bias, loss="cross_entropy", noise="logistic", states=SIGNS, scale=0.5, seed=0) -> Witness:
    """Biases of both signs around `bias`."""
    rng = np.random.default_rng(seed)
    outputs = 1 if loss == "logistic" else 2
    sizes = (2, *widths, outputs)
    weights = [scale * rng.standard_normal((o, i)) for i, o in itertools.pairwise(sizes)]
    biases = [rng.choice((-1, 1), o) * (bias + 0.1 * rng.standard_normal(o)) for o in widths] + [rng.standard_normal(outputs)]
    labels = {"cross_entropy": np.arange(2), "logistic": np.array([1, -1]), "squared_error": rng.standard_normal((2, 2))}[loss]
    return Witness(weights, biases, rng.standard_normal((2, 2)), labels, loss, noise, states)


@pytest.mark.parametrize("bias", [5, 25, 30, 34, 38, 50])
@pytest.mark.parametrize("widths", [(3,), (3, 2), (2, 3, 2)], ids=str)
def test_gradient_under_biases(widths, bias):
    for loss, states in (("cross_entropy", SIGNS), ("squared_error", BITS), ("logistic", BITS)):
        case = witness(widths, bias, loss, states=states)
        assert max(errors(case.network, exact_gradient(case.network), case.gradient())) < 1e-12


@pytest.mark.parametrize(("noise", "bias"), [("logistic2", 18), ("logistic2", 25), ("normal", 6), ("normal", 9), ("triangular", 1.5),
                                             ("uniform", 0.6)])
def test_gradient_under_other_noises(noise, bias):
    for widths in ((3, 2), (2, 3, 2)):
        case = witness(widths, bias, noise=noise, scale=0.1)
        assert max(errors(case.network, exact_gradient(case.network), case.gradient())) < 1e-12


def by_data(size: float) -> Witness:
    """A unit made certain by the data leads each point to another state of the layer above, which another unit hardly moves."""
    weights = [np.array([[size, 0.0], [0.0, 0.3]]), np.array([[size, 1.0], [-size, 0.7]]), np.array([[0.8, -0.4], [-1.1, 0.3]])]
    biases = [np.zeros(2), np.array([0.1, -0.2]), np.array([0.3, -0.1])]
    return Witness(weights, biases, np.array([[1.0, 0.4], [-1.0, -0.6], [1.0, 1.2]]), np.arange(3) % 2)


@pytest.mark.parametrize("size", [25, 38, 50])
def test_gradient_where_every_point_has_another_likeliest_state(size):
    case = by_data(size)
    assert max(errors(case.network, exact_gradient(case.network), case.gradient())) < 1e-12


UNBIASED = (Reinforce(), Reinforce(baseline="leave_one_out", samples=3), Arm(), Disarm(), LocalExpectation())


@pytest.mark.parametrize("estimator", UNBIASED, ids=str)
def test_unbiased_moments(estimator):
    for case in (witness((2, 3, 2), 36), witness((3, 2), 50, "squared_error", states=BITS), witness((3, 2), 8, noise="normal", scale=0.1),
                 by_data(38)):
        found = exact_moments(estimator, case.network)
        assert max(errors(case.network, found.mean, case.gradient())) < 1e-12
        assert bool(torch.isfinite(found.variance).all())


def test_psa_above_one_unit():
    case = witness((2, 1, 2), 36)
    assert max(errors(case.network, exact_moments(Psa(), case.network).mean, case.gradient())[1:]) < 1e-12


@pytest.mark.parametrize("name", ["sat5", "sat36"])
def test_published_cases(name):
    if not (CASES / f"{name}.npz").is_file():
        pytest.skip(f"LOUD: {CASES / name}.npz is absent, so what was reported is not held against its numbers here")
    arrays = np.load(CASES / f"{name}.npz")
    case = Witness([arrays[f"w{k}"] for k in range(3)], [arrays[f"b{k}"] for k in range(3)], arrays["X"], arrays["Y"])
    truth = case.gradient()
    assert max(errors(case.network, exact_gradient(case.network), truth)) < 1e-12
    assert max(errors(case.network, exact_moments(Reinforce(), case.network).mean, truth)) < 1e-12


def test_the_comparison_can_fail(monkeypatch):
    """Without a reference layer 0 is lost, with the first data point's alone the others are."""
    case, data = witness((2, 3, 2), 36), by_data(38)
    with monkeypatch.context() as patch:
        patch.setattr(Values, "since", lambda self, states: self.whole().unsqueeze(-3))
        assert errors(case.network, exact_gradient(case.network), case.gradient())[0] > 1e-2
    monkeypatch.setattr("straightedge.estimators.sum.reference.MOST", 1)
    assert max(errors(data.network, exact_gradient(data.network), data.gradient())) > 1e-3
