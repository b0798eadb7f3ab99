"""MuProp: what is left where the loss is linear, and its mean-field expansion in a chain against autograd."""

import pytest
import torch
import torch.nn.functional as F

from straightedge.analysis.check.ladder import layered, linear, quadratic, vector
from straightedge.estimators.muprop import Muprop
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import trunk
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.sampled


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("states", (SIGNS, BITS), ids=("signs", "bits"))
@pytest.mark.parametrize("noise", NOISES)
def test_linear_loss_leaves_no_residual(noise, states):
    network = vector(linear, NOISES[noise], states)
    torch.testing.assert_close(Muprop()(network, 50, generator()), exact_gradient(network).expand(50, -1))


def test_quadratic_loss_leaves_one():
    assert Muprop()(vector(quadratic), 50, generator()).std(0).min() > 1e-2


def test_rows_from_the_formula_with_autograd_through_the_mean_field():
    """(f - f(m) - f'(m) (x - m)) score + f'(m) span F'(a), f'(m) by autograd through the layers above."""
    network = layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1], NOISES["normal"], BITS)
    noise, (lo, hi) = network.noise, network.states
    states, activations, z = trunk(network, network.uniform(generator(), 6))
    value = network.value(z)
    rows = Muprop()(network, 6, generator())

    def loss_of_means(layer, mean):
        for weight, bias in network.layers[layer + 1: network.depth]:
            mean = lo + (hi - lo) * noise.cdf(F.linear(mean, weight, bias))
        return network.loss(F.linear(mean, *network.layers[-1]), network.coefficients)

    mean = network.inputs
    for layer in range(network.depth):
        mean = (lo + (hi - lo) * noise.cdf(F.linear(mean, *network.layers[layer]))).detach().requires_grad_()
        field = loss_of_means(layer, mean)
        slope, = torch.autograd.grad(field.sum(), mean)
        a, x = activations[layer], states[layer + 1]
        residual = value - field.detach() - (slope * (x - mean.detach())).sum(-1)
        delta = residual.unsqueeze(-1) * noise.score(a, x > 0.5) + slope * (hi - lo) * noise.density(a)
        torch.testing.assert_close(rows[:, network.groups[f"layer{layer}"]][:, -a.shape[-1]:], delta.mean(1))


def test_less_variance_than_reinforce():
    network = layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1])
    muprop, reinforce = (one(network, 5000, generator()).var(0).sum() for one in (Muprop(), Reinforce()))
    assert muprop < 0.6 * reinforce


@pytest.mark.parametrize("rows", (1, 50))
def test_a_single_estimate_needs_the_mean_field_pass_too(rows):
    network = layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1])
    Muprop()(network, rows, generator())
    assert network.cost(rows) == (2, 1)
