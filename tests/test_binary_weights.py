"""Networks with Bernoulli weights, against loops over every weight vector and every activation."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from enumeration import mean_row

from straightedge.analysis.problem.binary_weights import BinaryWeights
from straightedge.estimators.darn import Darn
from straightedge.estimators.identity import Identity
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError
from straightedge.estimators.network.noise import LOGISTIC, NOISES
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough, straight_through
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

pytestmark = pytest.mark.unit


def problem(hidden=(2,), outputs=1, loss=None, activation=None, points=3, inputs=2) -> BinaryWeights:
    rng = torch.Generator().manual_seed(5)
    x = torch.randn(points, inputs, generator=rng, dtype=torch.float64)
    y = torch.randn(points, outputs, generator=rng, dtype=torch.float64)
    return BinaryWeights(x, y, loss or SquaredError(), hidden, outputs, activation)


def latent(weights: BinaryWeights, seed=1):
    return 0.7 * torch.randn(weights.count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def brute_force(weights: BinaryWeights, w: np.ndarray) -> float:
    """The mean squared error, one data point, layer and activation state after the other, in numpy."""
    sizes = (weights.inputs.shape[1], *weights.hidden, weights.outputs)
    layers, start = [], 0
    for below, above in itertools.pairwise(sizes):
        layers.append(w[start:start + above * (below + 1)].reshape(above, below + 1) / np.sqrt(below + 1))
        start += above * (below + 1)

    def loss(x, y, index):
        a = layers[index] @ np.append(x, 1.0)
        if index == len(layers) - 1:
            return np.sum((a - y) ** 2)
        if weights.activation is None:
            return loss(np.tanh(a), y, index + 1)
        total = 0.0
        for state in itertools.product((-1.0, 1.0), repeat=len(a)):
            p = np.prod([weights.activation.cdf(torch.tensor(s * v)).item() for s, v in zip(state, a, strict=True)])
            total += p * loss(np.array(state), y, index + 1)
        return total

    return float(np.mean([loss(x, y, 0) for x, y in zip(weights.inputs.numpy(), weights.labels.numpy(), strict=True)]))


@pytest.mark.parametrize("hidden", ((), (2,), (2, 3)))
@pytest.mark.parametrize("activation", (None, "logistic", "normal"))
def test_loss_of_given_weights(hidden, activation):
    weights = problem(hidden, 2, activation=NOISES.get(activation))
    w = torch.randint(0, 2, (2, 3, weights.count), generator=torch.Generator().manual_seed(0)).double() * 2 - 1
    w[0, 0] = 0.3 * w[0, 0]  # between the states too
    expected = [[brute_force(weights, row.numpy()) for row in block] for block in w]
    torch.testing.assert_close(weights(w), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("activation", (None, LOGISTIC))
def test_exact_gradient_over_every_weight_vector(activation):
    """E f and its derivative by the latent weights, from a loop over 2^9 weight vectors and the score function."""
    weights = problem((2,), activation=activation)
    theta = latent(weights)
    total, slope = 0.0, torch.zeros_like(theta)
    for state in itertools.product((-1.0, 1.0), repeat=weights.count):
        x = torch.tensor(state, dtype=torch.float64)
        share = torch.sigmoid(x * theta).prod() * brute_force(weights, x.numpy())
        total, slope = total + share, slope + share * x * torch.sigmoid(-x * theta)
    network = weights.network(theta)
    torch.testing.assert_close(exact_loss(network), total)
    torch.testing.assert_close(exact_gradient(network), slope)


def test_blocks_change_nothing(monkeypatch):
    weights = problem((2, 2), activation=LOGISTIC)
    w = torch.randn(37, weights.count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = weights(w)
    monkeypatch.setattr("straightedge.analysis.problem.binary_weights.BLOCK_ELEMENTS", 100)
    torch.testing.assert_close(weights(w), whole, rtol=1e-13, atol=0)


def test_estimators_apply():
    """REINFORCE is unbiased, whether activations are marginalised or not; straight-through is not, since f is not multi-affine."""
    weights = replace(problem((3,), activation=LOGISTIC), loss=LogisticLoss(), labels=torch.tensor([[1], [-1], [1]]))
    network = weights.network(latent(weights))
    rows = Reinforce()(network, 60_000, torch.Generator().manual_seed(0))
    z = (rows.mean(0) - exact_gradient(network)) / (rows.std(0) / len(rows) ** 0.5)
    assert z.abs().max() < 5.5
    assert (exact_gradient(network) / (rows.std(0) / len(rows) ** 0.5)).abs().max() > 20
    # a scale of 1 / sqrt(fan-in) leaves the chain with a small but sure bias
    assert (mean_row(straight_through, network) - exact_gradient(network)).norm() > 1e-3 * exact_gradient(network).norm()


def test_two_classes():
    weights = replace(problem((2,), 3, points=4), loss=CrossEntropy(), labels=torch.tensor([0, 2, 1, 1]))
    assert weights.count == 2 * 3 + 3 * 3
    network = weights.network(latent(weights), NOISES["uniform"])
    theta, step = network.theta, 1e-5
    for index in (0, 7, 14):
        move = step * torch.eye(len(theta), dtype=theta.dtype)[index]
        slope = (exact_loss(network.at(theta + move)) - exact_loss(network.at(theta - move))) / (2 * step)
        torch.testing.assert_close(exact_gradient(network)[index], slope, rtol=1e-6, atol=1e-9)


def test_joint_with_deterministic_activations_is_the_chain():
    weights = problem((2, 2))
    theta = latent(weights)
    for rule in (StraightThrough(), Identity(), Darn()):
        joint = weights.joint(theta, rule, Identity(), 20, torch.Generator().manual_seed(4))
        torch.testing.assert_close(joint, rule(weights.network(theta), 20, torch.Generator().manual_seed(4)))


def test_joint_estimate_has_both_biases():
    """One hidden layer under squared error is quadratic in the activations: DARN passes them without bias, and the mean is that of
    the estimate with the activations marginalised; matched straight-through adds a bias of its own."""
    weights, rows = problem((2,), activation=LOGISTIC), {}
    theta = 2 * latent(weights)
    marginal = mean_row(straight_through, weights.network(theta))
    for unit in (Darn(), StraightThrough()):
        joint = weights.joint(theta, StraightThrough(), unit, 200_000, torch.Generator().manual_seed(6))
        assert not joint.requires_grad and joint.shape == (200_000, weights.count)
        rows[type(unit)] = (joint.mean(0) - marginal) / (joint.std(0) / len(joint) ** 0.5)
    assert rows[Darn].abs().max() < 5.5
    assert rows[StraightThrough].abs().max() > 20


def test_wrong_number_of_latent_weights():
    weights = problem()
    with pytest.raises(ValueError, match=r"expected 9 latent weights for layers of \(\(2, 3\), \(1, 3\)\), got shape \(8,\)"):
        weights.network(torch.zeros(8, dtype=torch.float64))
