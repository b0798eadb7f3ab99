"""Networks on which numbers were once wrong (tests/witness/case.json), against truths of 300 digits.
"""

from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf
from witness import bridge, careful, estimator, precise
from witness.case import BIASES, NAMES, NOISES, STORED, network, right, saturated, stored
from witness.enumeration import joint
from witness.gradient import gradient
from witness.network import formula

pytestmark = pytest.mark.sampled

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "cases"
TOLERANCE = 1e-12
SATURATED = ["sat36", *(f"saturated:{bias}" for bias in BIASES)]
TAME = [name for name in NAMES if name not in ("zeroout", "dead", "year", *SATURATED)]
MEANS = ("reinforce", "reinforce:baseline=leave_one_out,samples=2", "arm", "disarm", "local_expectation", "measure_valued")


def numbers(values: list) -> np.ndarray:
    """float64 [d] from numbers of mpmath."""
    return np.array([float(value) for value in values])


def errors(net, found: np.ndarray, truth: np.ndarray) -> list[float]:
    """|found - truth| / |truth| of every layer; |found| where the truth is 0."""
    return [np.linalg.norm((found - truth)[part]) / (np.linalg.norm(truth[part]) or 1.0) for part in net.groups]


def with_bias(noise: str, a: float):
    """One unit with this pre-activation."""
    net = stored("one").change(noise=noise)
    return net.change(biases=(np.array([a]), net.biases[1]))


def far(shift: float, single: bool = False):
    """Squared error with outputs and targets moved by `shift`, of three decimals; rounded to float32 where `single`."""
    net = formula(loss="squared_error", hidden=(3, 2), points=2)
    net = net.change(biases=(*net.biases[:-1], net.biases[-1] + shift), Y=net.Y + shift)
    if not single:
        return net
    weights, biases, *data = [[np.asarray(part, np.float32).astype(float) for part in parts]
                              for parts in (net.weights, net.biases, (net.X, net.Y))]
    return net.change(weights=tuple(weights), biases=tuple(biases), X=data[0][0], Y=data[0][1])


# The truths themselves


@pytest.mark.parametrize("name", STORED["network"])
def test_the_literals_are_the_files(name):
    if not FOLDER.is_dir():
        pytest.skip(f"NOT COMPARED: there is no folder {FOLDER} with the files that case.json was written from")
    net, file = stored(name), np.load(FOLDER / f"{name}.npz")
    for layer, pair in enumerate(zip(net.weights, net.biases, strict=True)):
        for key, values in zip("wb", pair, strict=True):
            np.testing.assert_array_equal(values, file[f"{key}{layer}"])
    assert f"w{net.depth + 1}" not in file
    np.testing.assert_array_equal(net.X, file["X"])
    np.testing.assert_array_equal(net.Y.ravel(), file["Y"])


@pytest.mark.parametrize("name", NAMES)
def test_the_right_values_are_found_again(name):
    with mp.workdps(40):
        for (size, bias), (stored_size, stored_share) in zip(right(name).lengths(network(name)), STORED["right"][name], strict=True):
            assert abs(size - mpf(stored_size)) <= mpf("1e-23") * size
            assert stored_share == "-" if not size else abs(bias / size - mpf(stored_share)) <= mpf("1e-23") * bias / size


@pytest.mark.parametrize("name", ["sat36", "saturated:50"])
def test_more_digits_change_nothing(name):
    net = network(name)
    for some, more in zip(vars(right(name)).values(), vars(precise.truth(net, 400)).values(), strict=True):
        with mp.workdps(400):
            assert all(abs(a - b) <= mpf("1e-50") * abs(b) for a, b in zip(some, more, strict=True))


@pytest.mark.parametrize("name", ["sat5", "mild", "narrow", "one:triangular", "zero:uniform", "one:normal"])
def test_float64_enumeration_agrees_where_nothing_is_lost(name):
    net, truth = network(name), right(name)
    mean, variance = estimator.moments("straight_through", net)
    for found, want in ((gradient(net), truth.gradient), (mean, truth.through), (variance, truth.through_variance),
                        (estimator.moments("reinforce", net)[1], truth.reinforce_variance)):
        assert max(errors(net, found, numbers(want))) < 1e-11


@pytest.mark.parametrize("name", [name for name in NAMES if network(name).noise == "logistic"])
def test_float64_can_keep_its_digits(name):
    """What the tests below ask of the package is no more than a sum of differences gives, in the same precision."""
    net = network(name)
    found, truth = careful.gradient(net), numbers(right(name).gradient)
    assert max(errors(net, found, truth)) < 1e-13
    for part in net.groups:
        assert np.any(truth[part]) or not np.any(found[part])


def test_float64_can_keep_its_digits_far_from_zero():
    for shift in (2000.0, 1e8):
        net = far(shift)
        assert max(errors(net, careful.gradient(net), numbers(precise.truth(net).gradient))) < 1e-14


def test_one_unit_by_hand():
    """For one unit the gradient is F'(a) (f(hi) - f(lo)), whatever the enumeration says."""
    with mp.workdps(40):
        for name, a, density in (("one", mpf("0.7"), None), ("zero:triangular", 0, mpf(1) / 2), ("zero:uniform", 0, mpf(1) / 2)):
            density = density or mp.exp(-mpf(float(a))) / (1 + mp.exp(-mpf(float(a)))) ** 2
            shift = mpf(float(stored("one").biases[1][0]))
            loss = [mp.log(1 + mp.exp(-2 * x - shift)) for x in (-1, 1)]
            assert abs(right(name).gradient[0] - density * (loss[1] - loss[0])) < mpf("1e-35")


@pytest.mark.parametrize("noise", NOISES)
def test_the_right_bias_of_one_unit_at_zero_is_5_70_percent_under_every_noise(noise):
    name = "zero" if noise == "logistic" else f"zero:{noise}"
    size, bias = right(name).lengths(network(name))[0]
    assert f"{float(100 * bias / size):.2f}" == "5.70"
    assert float(precise.DENSITY["triangular"](mpf(0))) == 0.5 and float(precise.DENSITY["uniform"](mpf(1))) == 0.0


@pytest.mark.parametrize("bias", BIASES)
def test_every_unit_of_a_saturated_network_is_saturated(bias):
    net = saturated(bias)
    a = np.concatenate([part.ravel() for point in range(len(net.X)) for part in joint(net, point).activations])
    assert np.abs(a).min() > bias - 4
    assert all(np.any(own > 0) and np.any(own < 0) for own in net.biases[:-1])


# The package where it is right


@pytest.mark.parametrize("name", [name for name in TAME if name != "zero:triangular"])
def test_tame_cases(name):
    net, truth = network(name), right(name)
    gradient, (mean, variance) = bridge.gradient(net), bridge.moments("straight_through", net)
    pairs = ((gradient, truth.gradient), (mean, truth.through), (variance, truth.through_variance),
             (bridge.moments("reinforce", net)[1], truth.reinforce_variance))
    assert max(max(errors(net, found, numbers(want))) for found, want in pairs) < 1e-11
    for part, (_, share) in zip(net.groups, STORED["right"][name], strict=True):
        found = np.linalg.norm((mean - gradient)[part]) / np.linalg.norm(gradient[part])
        assert abs(found - float(share)) < 1e-11


@pytest.mark.parametrize("name", SATURATED)
def test_gradient_of_the_upper_layers_under_saturation(name):
    net = network(name)
    truth = numbers(right(name).gradient)
    assert max(errors(net, bridge.gradient(net), truth)[1:]) < TOLERANCE
    assert max(errors(net, 0.99 * bridge.gradient(net), truth)[1:]) > TOLERANCE


@pytest.mark.parametrize("name", ["zeroout", "dead"])
def test_straight_through_is_exactly_zero_below_zero_weights(name):
    net = network(name)
    mean, variance = bridge.moments("straight_through", net)
    hidden = slice(0, net.groups[-1].start)
    assert not np.any(mean[hidden]) and not np.any(variance[hidden])
    assert not np.any(bridge.gradient(network("dead"))[:network("dead").groups[-1].start])


@pytest.mark.parametrize(("noise", "a"), [("triangular", -2.0), ("triangular", 2.0)])
@pytest.mark.parametrize("name", ["straight_through", "mean_field", "deterministic", "darn", "zgr", "reinmax"])
def test_no_derivative_at_the_ends_of_the_triangle(name, noise, a):
    assert bridge.moments(name, with_bias(noise, a))[0][0] == 0.0


# Saturation


@pytest.mark.parametrize("name", SATURATED)
def test_exact_gradient_under_saturation(name):
    net = network(name)
    assert errors(net, bridge.gradient(net), numbers(right(name).gradient))[0] < TOLERANCE


@pytest.mark.parametrize("name", SATURATED)
@pytest.mark.parametrize("method", MEANS)
def test_mean_of_unbiased_estimators_under_saturation(method, name):
    net = network(name)
    assert errors(net, bridge.moments(method, net)[0], numbers(right(name).gradient))[0] < TOLERANCE


@pytest.mark.parametrize("name", SATURATED)
def test_straight_through_mean_under_saturation(name):
    net = network(name)
    assert errors(net, bridge.moments("straight_through", net)[0], numbers(right(name).through))[0] < TOLERANCE


@pytest.mark.parametrize("a", [30.0, 36.0, 50.0])
@pytest.mark.parametrize("name", ["straight_through", "mean_field", "deterministic"])
def test_one_row_of_a_certain_unit(name, a):
    net = with_bias("logistic", a)
    z = net.biases[1] + net.weights[1][:, 0]
    slope = np.array([-1.0, 1.0]) / (1 + np.exp(z[0] - z[1]))
    want = 2 * np.exp(-a) * float(slope @ net.weights[1][:, 0])
    assert abs(bridge.rows(name, net, 1)[0, 0] - want) < 1e-10 * abs(want)


@pytest.mark.parametrize("name", SATURATED)
def test_straight_through_variance_under_saturation(name):
    net = network(name)
    assert max(errors(net, bridge.moments("straight_through", net)[1], numbers(right(name).through_variance))) < 1e-9


@pytest.mark.parametrize("name", SATURATED)
def test_variance_of_the_output_layer_under_saturation(name):
    net = network(name)
    assert errors(net, bridge.moments("reinforce", net)[1], numbers(right(name).reinforce_variance))[-1] < 1e-9


def test_exact_gradient_is_exactly_zero_below_zero_weights():
    net = network("zeroout")
    assert not np.any(bridge.gradient(net)[:net.groups[-1].start])


# Kinks


@pytest.mark.parametrize(("noise", "a"), [("triangular", 0.0), ("uniform", -1.0), ("uniform", 1.0)])
@pytest.mark.parametrize("name", ["straight_through", "mean_field", "deterministic"])
def test_one_derivative_per_noise(name, noise, a):
    net = with_bias(noise, a)
    want = estimator.moments(name, net)[0][0]
    assert abs(bridge.moments(name, net)[0][0] - want) < 1e-12 and np.abs(bridge.rows(name, net, 50)[:, 0].mean() - want) < 1.0


def test_bias_at_the_top_of_the_triangle():
    net = network("zero:triangular")
    part, truth = net.groups[0], bridge.gradient(net)
    bias = np.linalg.norm((bridge.moments("straight_through", net)[0] - truth)[part])
    assert abs(bias / np.linalg.norm(truth[part]) - float(STORED["right"]["zero:triangular"][0][1])) < 1e-11


# Squared error far from zero


@pytest.mark.parametrize(("shift", "single"), [(2000.0, False), (1e8, False), (2000.0, True)])
def test_squared_error_far_from_zero(shift, single):
    """Ten roundings of the target are all that may be lost."""
    net = far(shift, single)
    allowed = 10 * shift * np.finfo(np.float32 if single else np.float64).eps
    assert max(errors(net, bridge.gradient(net, single), numbers(precise.truth(net).gradient))) < allowed


@pytest.mark.parametrize("single", [False, True])
def test_squared_error_near_zero(single):
    net = far(0.0, single)
    assert max(errors(net, bridge.gradient(net, single), numbers(precise.truth(net).gradient))) < (1e-5 if single else TOLERANCE)


@pytest.mark.parametrize("what", ["gradient", "straight_through_variance", "reinforce_variance"])
def test_targets_near_2000(what):
    net, truth = network("year"), right("year")
    found, want = {"gradient": (bridge.gradient, truth.gradient),
                   "straight_through_variance": (lambda net: bridge.moments("straight_through", net)[1], truth.through_variance),
                   "reinforce_variance": (lambda net: bridge.moments("reinforce", net)[1], truth.reinforce_variance)}[what]
    assert max(errors(net, found(net), numbers(want))) < 1e-11
