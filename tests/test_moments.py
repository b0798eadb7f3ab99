"""Exact mean and variance of the rows: against a sum over all joint states, and against samples."""

import itertools

import pytest
import torch

from straightedge.analysis.check.ladder import layered, multi_affine, quadratic, vector
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.exact

NETWORKS = {
    "state function": layered((2, 2, 3), StateFunction(lambda x: x.prod(-1) + x[..., 0]), [0, 0]),
    "cross-entropy, bits": layered((2, 3, 1, 2), CrossEntropy(), [0, 1, 1], NOISES["logistic2"], BITS),
    "logistic, normal": layered((2, 2, 2, 1), LogisticLoss(), [-1, 1], NOISES["normal"]),
    "squared error, uniform": layered((1, 2, 2, 1), SquaredError(), [[1.0], [-0.5]], NOISES["uniform"], SIGNS, 0.7),
    "triangular": vector(multi_affine, NOISES["triangular"]),
    "vector, bits": vector(quadratic, states=BITS),
}


def enumerated(network, delta):
    """Mean and variance of a row, trajectory by trajectory; delta(a's, states, loss, slope) gives the deltas of one data point."""
    points, first, spread = len(network.inputs), 0.0, 0.0
    for point in range(points):
        mean, square = torch.zeros_like(network.theta), torch.zeros_like(network.theta)
        for bits in itertools.product(*(itertools.product((0, 1), repeat=width) for width in network.widths)):
            x, p, a_s, states = network.inputs[point], 1.0, [], [network.inputs[point]]
            for (weight, bias), bit in zip(network.layers, bits, strict=False):
                a, upper = weight @ x + bias, torch.tensor(bit) > 0
                p = p * float(network.noise.cdf(torch.where(upper, a, -a)).prod())
                x = network.encode(upper)
                a_s.append(a)
                states.append(x)
            if not p:  # never seen, and its score is 0 / 0
                continue
            z = (network.layers[-1][0] @ x + network.layers[-1][1] if network.outputs else x).clone().requires_grad_()
            loss = (network.loss.features(z) * network.coefficients[point]).sum()
            slope, = torch.autograd.grad(loss, z)
            deltas = [*delta(network, a_s, states[1:], loss.detach(), slope), *([slope] if network.outputs else [])]
            row = torch.cat([torch.cat((torch.outer(d, below).flatten(), d)) for d, below in zip(deltas, states, strict=False)])
            mean, square = mean + p * row, square + p * row.square()
        first, spread = first + mean / points, spread + (square - mean.square()) / points**2
    return first, spread


def scores(constant):
    """REINFORCE's deltas, by hand."""
    def delta(network, a_s, states, loss, slope):
        out = []
        for a, x in zip(a_s, states, strict=True):
            upper = x == network.states[1]
            p = network.noise.cdf(torch.where(upper, a, -a))
            out.append((loss - constant) * torch.where(upper, 1.0, -1.0).to(a) * network.noise.density(a) / p)
        return out
    return delta


def straight(network, a_s, states, loss, slope):
    """Straight-through's deltas, by hand."""
    g, out = (network.layers[-1][0].T @ slope if network.outputs else slope), []
    for layer in reversed(range(network.depth)):
        out.insert(0, network.span * network.noise.density(a_s[layer]) * g)
        g = network.layers[layer][0].T @ out[0]
    return out


CASES = {"reinforce": (Reinforce(), scores(0.0)), "constant": (Reinforce(baseline="constant", constant=0.7), scores(0.7)),
         "straight_through": (StraightThrough(), straight)}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("case", CASES)
def test_joint_enumeration(case, name):
    estimator, delta = CASES[case]
    found, (mean, variance) = exact_moments(estimator, NETWORKS[name]), enumerated(NETWORKS[name], delta)
    torch.testing.assert_close(found.mean, mean, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(found.variance, variance, rtol=1e-9, atol=1e-11)


def test_enumeration_notices_another_baseline():
    mean, variance = enumerated(NETWORKS["logistic, normal"], scores(0.65))
    found = exact_moments(CASES["constant"][0], NETWORKS["logistic, normal"])
    torch.testing.assert_close(found.mean, mean, rtol=1e-9, atol=1e-11)
    assert (found.variance / variance - 1).abs().max() > 0.01


ROWS = 4000


def scored(found, rows):
    """Largest |z| of the means and of the variances.  Were they normal, the limit 6 would be passed with probability 2e-9 each; the
    variances' are not quite, from squares of few rows with heavy tails: the seed is fixed."""
    mean, n = rows.mean(0), len(rows)
    squares = (rows - found.mean).square()
    floor = 1e-12
    by_mean = (mean - found.mean).abs() / (found.variance / n + floor**2 + 1e-18).sqrt()
    by_variance = (squares.mean(0) - found.variance).abs() / (squares.var(0) / n + 1e-18).sqrt()
    return float(by_mean.max()), float(by_variance.max())


SAMPLED = [name for name, kind in registry().items()
           if any(available_ for network in NETWORKS.values() for available_ in [available(kind(), network)])]


@pytest.mark.sampled
@pytest.mark.parametrize("name", SAMPLED)
def test_samples(name):
    estimator = registry()[name]()
    for network in NETWORKS.values():
        if available(estimator, network):
            rows = estimator(network, ROWS, torch.Generator().manual_seed(0))
            by_mean, by_variance = scored(exact_moments(estimator, network), rows)
            assert by_mean < 6
            assert by_variance < 6


def test_leave_one_out_samples():
    for samples in (2, 5):
        estimator, network = Reinforce(baseline="leave_one_out", samples=samples), NETWORKS["cross-entropy, bits"]
        rows = estimator(network, ROWS, torch.Generator().manual_seed(0))
        assert max(scored(exact_moments(estimator, network), rows)) < 6


def test_samples_notice_a_factor():
    estimator, network = Reinforce(), NETWORKS["state function"]
    by_mean, by_variance = scored(exact_moments(estimator, network), 1.3 * estimator(network, ROWS, torch.Generator().manual_seed(0)))
    assert by_mean > 6
    assert by_variance > 6
