"""The network's layout, its chain rule against autograd, its encodings, and the passes that it counts."""

import pytest
import torch

from straightedge.analysis.problem.classification import Points
from straightedge.estimators.base import ascend, chain_deltas
from straightedge.estimators.mean_field import mean_field
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import CrossEntropy, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.sum.expectation import exact_loss

pytestmark = pytest.mark.unit


def test_theta_holds_weights_row_by_row_then_biases():
    network = Points((2, 3), points=5).build()
    assert network.shapes == ((2, 2), (3, 2), (2, 3))
    assert [where.stop - where.start for where in network.groups.values()] == [6, 9, 8]
    (w0, b0), (w1, b1), (w2, b2) = network.layers
    torch.testing.assert_close(torch.cat([part.reshape(-1) for part in (w0, b0, w1, b1, w2, b2)]), network.theta)


@pytest.mark.parametrize("states", [SIGNS, BITS])
def test_rows_of_a_deterministic_pass_are_autograds(states):
    """Mean field is an ordinary network: its rows must be the gradient of its loss, as autograd has it."""
    network = Points((4, 3), points=9).build()
    network = Network(network.theta, network.inputs, network.labels, network.widths, network.loss, network.outputs, network.noise,
                      states)
    us = network.uniform(torch.Generator().manual_seed(0), 2)
    inputs, factors, z = ascend(mean_field, network, us)
    deltas = chain_deltas(network, factors, network.slope(z)[1])
    rows = network.rows(inputs[:3], deltas)

    theta = network.theta.clone().requires_grad_()
    moving, x = network.at(theta), network.inputs
    for layer in range(2):
        x = network.states[0] + network.span * network.noise.cdf(moving.affine(layer, x))
    want, = torch.autograd.grad(moving.value(moving.output(x)).mean(), theta)
    torch.testing.assert_close(rows, want.expand(2, -1), rtol=1e-12, atol=1e-15)
    broken = network.rows(inputs[:3], [deltas[0], 2 * deltas[1], deltas[2]])
    assert (broken - want).abs().max() > 1e-4


def test_one_network_in_two_encodings_has_one_loss():
    signs, bits = (Points((3, 4), states=states, points=11).build() for states in ("+-1", "01"))
    torch.testing.assert_close(exact_loss(signs), exact_loss(bits), rtol=1e-13, atol=0)


def test_passes():
    network = Points((5, 5, 5)).build().metered()
    x = network.data(7)
    us = network.uniform(torch.Generator().manual_seed(0), 7)
    _, factors, z = ascend(mean_field, network, us)
    assert network.cost(7)[0] == pytest.approx(1 - network.outputs / (10 + 5 + 30 + 30 + 12 + 2))
    chain_deltas(network, factors, network.slope(z)[1])
    assert network.cost(7) == (pytest.approx(1), pytest.approx(1))
    assert x.shape == (7, 200, 2)


@pytest.mark.parametrize(("change", "words"), [
    ({"weights": [torch.ones(2, 3), torch.ones(2, 2)]}, "shape"), ({"inputs": torch.ones(0, 2)}, "label"),
    ({"inputs": torch.full((3, 2), torch.nan)}, "NaN"), ({"labels": torch.zeros(2)}, "label"),
    ({"weights": [torch.ones(2, 2)], "biases": [torch.ones(2)]}, "at least one Bernoulli layer"),
    ({"biases": [torch.ones(2), torch.full((2,), torch.inf)]}, "finite")])
def test_what_is_refused(change, words):
    right = {"weights": [torch.ones(2, 2), torch.ones(2, 2)], "biases": [torch.ones(2), torch.ones(2)],
             "inputs": torch.ones(3, 2), "labels": torch.zeros(3, dtype=torch.long), "loss": CrossEntropy()}
    Network.of(**right)
    with pytest.raises(InputError, match=words):
        Network.of(**right | change)


def test_a_vector_without_input_is_the_network_with_inputs_of_width_zero():
    logits = torch.tensor([0.3, -1.0], dtype=torch.float64)
    nothing = logits.new_empty(1, 0)
    network = Network.of([logits.new_empty(2, 0)], [logits], nothing, nothing, StateFunction(lambda x: x[..., 0]))
    torch.testing.assert_close(network.theta, logits)
    torch.testing.assert_close(exact_loss(network), 2 * torch.sigmoid(logits[0]) - 1)
