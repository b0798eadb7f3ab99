"""PSA: where it is exact, where it is not, and how fast its bias falls with the weights that the flips go through."""

import pytest
import torch

from straightedge.analysis.accuracy.bias_test import BiasTest
from straightedge.analysis.check.ladder import layered
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.psa import Psa
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

pytestmark = pytest.mark.exact

FALSE_ALARM = 1e-7


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def held_against_truth(network, where=slice(None), rows=40000):
    test = BiasTest(exact_gradient(network)[where], float(exact_loss(network).abs()))
    test.add(Psa()(network, rows, generator(1))[:, where])
    return test


@pytest.mark.parametrize("noise", NOISES)
def test_last_hidden_layer_and_output_are_local_expectation(noise):
    network = layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1], NOISES[noise], BITS)
    last = slice(network.groups["layer1"].start, None)
    torch.testing.assert_close(Psa()(network, 60, generator())[:, last], LocalExpectation()(network, 60, generator())[:, last])


@pytest.mark.parametrize("states", (SIGNS, BITS), ids=("signs", "bits"))
@pytest.mark.parametrize("noise", NOISES)
def test_unbiased_below_layers_of_one_unit(noise, states):
    """One unit above: the probability of its state is a product of one factor, so nothing is left out."""
    network = layered((2, 4, 1, 1, 2), CrossEntropy(), [0, 1], NOISES[noise], states, scale=1.5)
    test = held_against_truth(network)
    assert not test.alarm(FALSE_ALARM)
    assert test.visible(FALSE_ALARM) < 0.1


def test_unbiased_in_the_last_two_layers_where_the_loss_is_linear():
    network = layered((2, 3, 4, 3), StateFunction(lambda x: x @ x.new_tensor((1.0, -2.0, 0.5))), [0, 0], scale=1.6)
    last_two = slice(network.groups["layer1"].start, None)
    test = held_against_truth(network, last_two)
    assert not test.alarm(FALSE_ALARM)
    assert test.visible(FALSE_ALARM) < 0.1


@pytest.mark.parametrize("noise", NOISES)
def test_exact_moments_are_those_of_the_rows(noise):
    """Every coordinate's mean and variance; each |z| below 5.5, 4e-8 a coordinate."""
    network, n = layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2], NOISES[noise], BITS), 20000
    rows, found = Psa()(network, n, generator()), exact_moments(Psa(), network)
    assert ((rows.mean(0) - found.mean).abs() <= 5.5 * (found.variance / n).sqrt() + 1e-12).all()
    squares = (rows - found.mean).square()
    assert ((squares.mean(0) - found.variance).abs() <= 5.5 * squares.std(0) / n**0.5 + 1e-12).all()


def test_biased_in_general():
    network = layered((2, 3, 4, 3, 1), LogisticLoss(), [-1, 1], scale=2.0)
    assert held_against_truth(network, network.groups["layer0"]).alarm(FALSE_ALARM)
    assert not held_against_truth(network, slice(network.groups["layer2"].start, None)).alarm(FALSE_ALARM)


def scaled(network, layer, factor):
    """The network with the weights, not the biases, of one layer multiplied."""
    parts = [(w * factor if index == layer else w, b) for index, (w, b) in enumerate(network.layers)]
    return Network.of(*zip(*parts, strict=True), network.inputs, network.labels, network.loss, network.noise, network.states)


def test_bias_is_of_second_order_in_the_weights_that_flips_go_through():
    """The gradient below is of first order in them, so the relative bias halves with them.  By exact moments, no sampling."""
    network = layered((1, 2, 3, 1), SquaredError(), [[0.5]], scale=1.5)
    where, relative = network.groups["layer0"], []
    for factor in (0.02, 0.01):
        small = scaled(network, 1, factor)
        exact = exact_gradient(small)[where]
        relative.append(float((exact_moments(Psa(), small).mean[where] - exact).norm() / exact.norm()))
    assert relative[0] > 1e-4
    assert relative[0] / relative[1] == pytest.approx(2, rel=0.02)


def test_same_rows_in_both_encodings():
    """x in {0, 1} with weights 2 W and biases b - sum W is the same network: its bias rows are the same, its weight rows halve."""
    signs = layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1])
    layers = [(w, b) if index == 0 else (2 * w, b - w.sum(1)) for index, (w, b) in enumerate(signs.layers)]
    bits = Network.of(*zip(*layers, strict=True), signs.inputs, signs.labels, signs.loss, signs.noise, BITS)
    rows = [Psa()(network, 40, generator()) for network in (signs, bits)]
    for name, (out, _) in zip(signs.groups, signs.shapes, strict=True):
        first, second = (one[:, signs.groups[name]][:, -out:] for one in rows)
        torch.testing.assert_close(first, second)


def test_against_flips_written_out():
    """The recursion D_i = sum_j (P(y_j | x) - P(y_j | x')) D_j, unit by unit, for one row and one data point."""
    network = layered((2, 3, 4, 2, 1), LogisticLoss(), [1], NOISES["normal"])
    us, states = network.uniform(generator(5), 1), [network.inputs]
    for layer, u in enumerate(us):
        states.append(network.encode(u[0] < network.noise.cdf(network.affine(layer, states[-1]))))

    def probability(layer, below, y):
        """Of each unit's state y."""
        return network.noise.cdf(network.affine(layer, below) * y)

    def flipped(x, unit):
        return torch.where(torch.arange(x.shape[-1]) == unit, -x, x)

    x = states[3]
    difference = torch.stack([network.value(network.output(x)) - network.value(network.output(flipped(x, i))) for i in range(2)], -1)
    row = Psa()(network, 1, generator(5))[0]
    for layer in (2, 1, 0):
        x, below = states[layer + 1], states[layer]
        expected = network.noise.density(network.affine(layer, below)) * x * difference
        bias = row[network.groups[f"layer{layer}"]][-x.shape[-1]:]
        torch.testing.assert_close(bias, expected[0])
        if layer:
            change = torch.stack([probability(layer, below, x) - probability(layer, flipped(below, i), x)
                                  for i in range(below.shape[-1])], -1)
            difference = (change * difference.unsqueeze(-1)).sum(1)
