"""The package against an independent witness: joint enumeration in plain arrays, which shares no line with it (tests/witness).

The network is 2-4-3-2 (one output under the logistic loss) with three data points, and no pre-activation stands at a kink of a noise.
Where the package gives numbers without sampling they must agree to 1e-10 of the layer's largest; where it samples, mean and variance
of every coordinate must lie within 5.5 standard errors, and the test says what it would have seen.
"""

import ast
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize
from witness import bridge, estimator, pair, score
from witness.enumeration import joint
from witness.gradient import expected, gradient
from witness.network import BITS, SIGNS, formula
from witness.noise import NOISES

pytestmark = pytest.mark.exact

ENCODINGS = {"signs": SIGNS, "bits": BITS}
LOSSES = ("cross_entropy", "logistic", "squared_error")
TOLERANCE, Z, ROWS = 1e-10, 5.5, 20_000
MEAN_POWER, VARIANCE_POWER = 0.4, 0.2


def distance(net, found, truth) -> float:
    """The largest difference of two rows [d], layer by layer relative to the layer's largest number."""
    return max(np.abs(found - truth)[part].max() / max(np.abs(truth[part]).max(), 1e-9) for part in net.groups)


def apart(net, found, truth) -> float:
    """The same of mean and variance."""
    return max(distance(net, *both) for both in zip(found, truth, strict=True))


def zscores(rows, mean, variance) -> tuple[np.ndarray, np.ndarray, float, float]:
    """(z of the mean [d], z of the variance [d], relative errors of mean and of variance that would show) of rows [n, d]."""
    off = rows.mean(0) - mean
    live = variance > 1e-20
    assert np.abs(off[~live]).max(initial=0.0) < 1e-12, "a coordinate without variance has the wrong value"
    error = np.sqrt(variance[live] / len(rows))
    square = (rows[:, live] - mean[live]) ** 2
    error_of_variance = square.std(0) / np.sqrt(len(rows))
    strength = [Z / (np.abs(value[live]) / each).max() for value, each in ((mean, error), (variance, error_of_variance))]
    return off[live] / error, (square.mean(0) - variance[live]) / error_of_variance, *strength


@cache
def network(loss="cross_entropy", noise="logistic", states="signs", **shape):
    """The network of these tests."""
    return formula(loss=loss, noise=noise, states=ENCODINGS[states], **shape)


SETTINGS = [("cross_entropy", noise, states) for noise in NOISES for states in ENCODINGS] + [
    (loss, "logistic", states) for loss in LOSSES[1:] for states in ENCODINGS]


def test_the_witness_imports_nothing_of_the_package():
    allowed = {"numpy", "scipy", "mpmath", "itertools", "math", "dataclasses", "functools", "collections", "json", "pathlib", "witness"}
    for path in (Path(__file__).parent / "witness").glob("*.py"):
        tree = ast.parse(path.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        foreign = {name.split(".")[0] for name in names} - allowed
        assert path.stem == "bridge" or not foreign, (path.name, foreign)
        assert path.stem == "bridge" or "witness.bridge" not in names, path.name


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("states", ENCODINGS)
def test_no_pre_activation_is_near_a_kink(noise, states):
    net = network(noise=noise, states=states)
    a = np.concatenate([part.ravel() for point in range(len(net.X)) for part in joint(net, point).activations])
    assert all(np.abs(a - kink).min() > 1e-3 for kink in (*net.law.kinks, -1.0, 1.0, -2.0, 0.0, 2.0))


@pytest.mark.parametrize("name", NOISES)
def test_the_noises_of_the_witness_are_distributions(name):
    law, a = NOISES[name], np.linspace(-3.05, 3.05, 62)
    np.testing.assert_allclose((law.cdf(a + 1e-5) - law.cdf(a - 1e-5)) / 2e-5, law.density(a), atol=1e-9)
    np.testing.assert_allclose(law.cdf(a) + law.tail(a), 1.0, atol=1e-15)
    u = np.linspace(0.01, 0.99, 51)
    np.testing.assert_allclose(law.cdf(law.quantile(u)), u, atol=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_of_the_witness_is_the_slope_of_the_expected_loss(loss):
    net = network(loss)
    sizes = [part.size for pair in zip(net.weights, net.biases, strict=True) for part in pair]
    shapes = [part.shape for pair in zip(net.weights, net.biases, strict=True) for part in pair]

    def value(theta):
        parts = [part.reshape(shape) for part, shape in zip(np.split(theta, np.cumsum(sizes)[:-1]), shapes, strict=True)]
        return expected(net.change(weights=tuple(parts[::2]), biases=tuple(parts[1::2])))

    theta = np.concatenate([part.ravel() for pair in zip(net.weights, net.biases, strict=True) for part in pair])
    np.testing.assert_allclose(gradient(net), optimize.approx_fprime(theta, value, 1e-7), atol=3e-7)


@pytest.mark.parametrize(("loss", "noise", "states"), SETTINGS)
def test_exact_gradient(loss, noise, states):
    net = network(loss, noise, states)
    found, truth = bridge.gradient(net), gradient(net)
    assert distance(net, found, truth) < TOLERANCE
    for part in net.groups:  # the comparison can fail, in every layer
        broken = truth.copy()
        broken[part] *= 0.99
        assert distance(net, found, broken) > 1e-3


@pytest.mark.wide
@pytest.mark.parametrize(("loss", "noise", "states"), SETTINGS)
@pytest.mark.parametrize("name", estimator.MOMENTS)
def test_exact_moments(name, loss, noise, states):
    net = network(loss, noise, states)
    found, truth = bridge.moments(name, net), estimator.moments(name, net)
    assert apart(net, found, truth) < TOLERANCE
    for part in net.groups:
        for which, factor in ((0, 0.99), (0, -1.0), (1, 0.98)):
            broken = [value.copy() for value in truth]
            broken[which][part] *= factor
            assert apart(net, found, broken) > 1e-3 or not np.any(truth[which][part])


@pytest.mark.parametrize("name", estimator.UNBIASED)
@pytest.mark.parametrize("noise", NOISES)
def test_the_witness_finds_the_unbiased_estimators_unbiased(name, noise):
    net = network(noise=noise)
    assert distance(net, estimator.moments(name, net)[0], gradient(net)) < TOLERANCE


BROKEN = {
    "arm": partial(pair.moments, tables=pair.arm_tables, above=pair.independent),
    "disarm": partial(pair.moments, tables=pair.disarm_tables, above=pair.independent),
    "local_expectation": partial(pair.moments, tables=pair.flip_tables, above=pair.independent),
    "reinforce:baseline=constant,constant=0.6": partial(score.moments, constant=0.61),
    "straight_through": lambda net: estimator.moments("straight_through", net.change(noise="logistic2")),
    "darn": lambda net: estimator.moments("straight_through", net),
    "zgr": lambda net: estimator.moments("st_gumbel:tau=0.7", net),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_convention_is_seen(name):
    """Fresh uniforms above a pair (the same mean), a baseline that is 2 % off, the law of another noise, another rule."""
    net = network()
    assert apart(net, bridge.moments(name, net), BROKEN[name](net)) > 1e-3


def test_common_uniforms_change_the_variance_alone():
    net = network()
    fresh, common = BROKEN["arm"](net), estimator.moments("arm", net)
    assert distance(net, fresh[0], common[0]) < TOLERANCE
    assert np.all(fresh[1][net.groups[0]] > common[1][net.groups[0]])


RANDOM = [name for name in estimator.MOMENTS | estimator.SAMPLED if name not in estimator.FIXED]
SAMPLED = [(name, states, {}) for name in RANDOM for states in ENCODINGS] + [
    (name, states, {"hidden": (2, 1), "points": 2}) for name in estimator.SMALL for states in ENCODINGS]


@pytest.mark.sampled
@pytest.mark.parametrize(("name", "states", "shape"), SAMPLED)
def test_sampled_rows(name, states, shape):
    """In every layer an error of MEAN_POWER of the mean, or of VARIANCE_POWER of the variance, would show; so would a wrong sign,
    and rows of nine tenths."""
    net = network(noise="logistic2", states=states, **shape)
    truth = estimator.moments(name, net)
    rows = bridge.rows(name, net, ROWS, seed=1)
    for part in net.groups:
        own, right = rows[:, part], [value[part] for value in truth]
        z_mean, z_variance, mean_power, variance_power = zscores(own, *right)
        assert np.abs(z_mean).max() < Z and np.abs(z_variance).max() < Z, (np.abs(z_mean).max(), np.abs(z_variance).max())
        assert mean_power < MEAN_POWER and variance_power < VARIANCE_POWER, (mean_power, variance_power)
        for factor in (-1.0, 0.9):
            seen = max(np.abs(z).max() for z in zscores(factor * own, *right)[:2])
            assert seen > Z, f"rows times {factor} in one layer would not show: z = {seen:.2g}"


@pytest.mark.parametrize("name", estimator.FIXED)
@pytest.mark.parametrize("states", ENCODINGS)
def test_rows_without_randomness(name, states):
    net = network(states=states)
    rows = bridge.rows(name, net, 3)
    assert all(distance(net, row, estimator.moments(name, net)[0]) < TOLERANCE for row in rows)
