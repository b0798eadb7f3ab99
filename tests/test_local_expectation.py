"""Flips against whole rollouts, and what both estimators that enumerate one unit have no variance from."""

import pytest
import torch

from straightedge.analysis.check.ladder import LOGITS, WEIGHTS, layered, linear, multi_affine, vector
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.measure_valued import MeasureValued
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import CrossEntropy, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sampling import block
from straightedge.estimators.sampling.flip import flip, losses
from straightedge.estimators.sampling.forward import rollout, trunk
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.exact


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def separable(x):
    """A sum of functions of one unit each, none of them linear."""
    return (x.exp() * x.new_tensor((1.0, -0.5, 2.0, 0.3))).sum(-1)


@pytest.fixture(params=(True, False), ids=("outputs", "state function"))
def network(request):
    if request.param:
        return layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2, 1], states=BITS)
    return layered((2, 3, 4, 2), StateFunction(lambda x: (x * x.new_tensor((1.0, 3.0))).sum(-1).exp()), [0, 0])


@pytest.mark.parametrize("cache_bytes", (1, 1 << 20))
def test_losses_of_flips_are_those_of_whole_rollouts(network, cache_bytes, monkeypatch):
    monkeypatch.setattr(block, "CACHE_BYTES", cache_bytes)
    us = network.uniform(generator(), 7)
    states, activations, z = trunk(network, us)
    for layer, above in enumerate([*activations[1:], z]):
        x = states[layer + 1]
        found = losses(network, layer, above, us, flip(network, x))
        for unit in range(network.widths[layer]):
            changed = x.clone()
            changed[..., unit] = sum(network.states) - changed[..., unit]
            torch.testing.assert_close(found[..., unit], rollout(network, changed, us, layer))


def test_flips_count_one_column_in_the_next_layer_and_whole_passes_above():
    network = layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2])
    us = network.uniform(generator(), 5)
    states, activations, _ = trunk(network, us)
    before = network.passes.forwards
    losses(network, 0, activations[1], us, flip(network, states[1]))
    assert network.passes.forwards - before == 5 * 2 * 3 * (4 + 2 * (4 + 1) + 3 * (2 + 1) + 3)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("states", (SIGNS, BITS), ids=("signs", "bits"))
def test_no_noise_from_the_unit_itself(noise, states):
    network = vector(separable, NOISES[noise], states)
    rows = LocalExpectation()(network, 100, generator())
    torch.testing.assert_close(rows, exact_gradient(network).expand(100, -1))


def test_no_noise_from_the_units_of_the_last_hidden_layer():
    """The loss is separable in that layer, so only the state below it makes its parameters' rows differ."""
    network = layered((2, 3, 4), StateFunction(separable), [0], scale=1.5)
    rng = generator(3)
    rows = LocalExpectation()(network, 4000, rng)
    biases = rows[:, network.groups["layer1"]][:, -4:]
    states, _, _ = trunk(network, network.uniform(generator(3), 4000))
    _, group = torch.unique(states[1][:, 0], dim=0, return_inverse=True)
    assert len(group.unique()) == 8
    for index in range(8):
        same = biases[group == index]
        torch.testing.assert_close(same, same[:1].expand_as(same))
    assert biases.std(0).min() > 1e-3


def test_other_units_do_make_noise_where_the_loss_ties_them_together():
    assert exact_moments(LocalExpectation(), vector(multi_affine)).variance.min() > 0


@pytest.mark.parametrize("noise", NOISES)
def test_coupled_measure_valued_rows_are_local_expectation_rows(noise):
    network = layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2, 1], NOISES[noise])
    torch.testing.assert_close(MeasureValued()(network, 50, generator()), LocalExpectation()(network, 50, generator()))


def test_uncoupled_parts_bring_in_the_variance_of_the_other_units():
    """For a linear loss, 2 rho_i^2 sum over j != i of w_j^2 Var x_j; coupled, none.  Sample variances of 40 000 rows: within 8 %."""
    network = vector(linear)
    a = network.theta
    p, weights = network.noise.cdf(a), a.new_tensor(WEIGHTS)
    spread = weights.square() * 4 * p * (1 - p)
    expected = 2 * network.noise.density(a).square() * (spread.sum() - spread)
    torch.testing.assert_close(MeasureValued(coupled=False)(network, 40000, generator()).var(0), expected, rtol=0.08, atol=0)
    assert MeasureValued()(network, 100, generator()).std(0).max() < 1e-12


def test_linear_loss_has_no_variance():
    rows = LocalExpectation()(vector(linear), 10, generator())
    assert rows.shape == (10, len(LOGITS))
    torch.testing.assert_close(rows, exact_gradient(vector(linear)).expand_as(rows))
