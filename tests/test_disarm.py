"""DisARM and ARMS: what antithetic pairs do to the variance, exactly, and the copula of more than two samples."""

from itertools import combinations

import pytest
import torch

from straightedge.analysis.check.ladder import cubic, layered, multi_affine, quadratic, vector
from straightedge.analysis.problem.function import Toy
from straightedge.estimators.arm import Arm
from straightedge.estimators.arms import Arms, both_low, dirichlet_copula
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.sampled


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("function", (multi_affine, quadratic), ids=lambda function: function.__name__)
def test_variance_never_above_arm(function, noise):
    """Exact moments, every coordinate of one vector and of a chain."""
    for network in (vector(function, NOISES[noise]), layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2], NOISES[noise], BITS)):
        disarm, arm = exact_moments(Disarm(), network), exact_moments(Arm(), network)
        torch.testing.assert_close(disarm.mean, arm.mean)
        assert (disarm.variance <= arm.variance * (1 + 1e-9) + 1e-15).all()
        assert disarm.variance.sum() < 0.95 * arm.variance.sum()


@pytest.mark.parametrize("states", (SIGNS, BITS), ids=("signs", "bits"))
@pytest.mark.parametrize("noise", NOISES)
def test_one_unit_at_zero_has_no_variance(noise, states):
    network = vector(cubic, NOISES[noise], states, logits=(0.0,))
    torch.testing.assert_close(Disarm()(network, 50, generator()), exact_gradient(network).expand(50, -1))
    assert exact_moments(Arm(), network).variance.item() > 1e-3


@pytest.mark.parametrize("a", (0.5, -1.5))
def test_one_unit_elsewhere_has_the_variance_of_the_chance_that_the_pair_differs(a):
    """Pairs differ with probability 2 min(p, 1 - p) and then give the same estimate."""
    network = vector(cubic, logits=(a,))
    chance = 2 * torch.sigmoid(-torch.tensor(abs(a), dtype=torch.float64))
    torch.testing.assert_close(exact_moments(Disarm(), network).variance, exact_gradient(network).square() * (1 / chance - 1))


@pytest.mark.parametrize("noise", NOISES)
def test_two_samples_are_disarm(noise):
    network = layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2], NOISES[noise], BITS)
    torch.testing.assert_close(Arms(samples=2)(network, 200, generator()), Disarm()(network, 200, generator()))


@pytest.mark.parametrize("samples", (2, 3, 5))
def test_copula_is_uniform_and_antithetic_as_derived(samples):
    """Frequencies of 100 000 draws against q and `both_low`(q), |z| below 5.5; independent uniforms fail."""
    n, quantiles = 100_000, (0.03, 0.2, 0.5, 0.8)
    first = torch.rand(n, 1, 1, generator=generator(1), dtype=torch.float64)
    others = dirichlet_copula(first, samples, generator(2))
    assert others.shape == (n, samples - 1, 1, 1)
    uniforms = torch.cat((first.unsqueeze(1), others), 1).flatten(1)

    def surprise(low, probability):
        deviation = low.double().mean() - probability
        return float(deviation.abs() / (max(probability * (1 - probability), 1 / n) / n) ** 0.5)

    for q in quantiles:
        joint = float(both_low(torch.tensor(q, dtype=torch.float64), samples))
        low = uniforms < q
        assert max(surprise(low[:, k], q) for k in range(samples)) < 5.5
        assert max(surprise(low[:, j] & low[:, k], joint) for j, k in combinations(range(samples), 2)) < 5.5
        assert joint < q * q
        free = torch.rand(n, 2, generator=generator(3)) < q
        assert surprise(free[:, 0] & free[:, 1], joint) > 5.5


def test_antithetic_samples_beat_independent_ones_on_the_toy():
    """As the paper's figure 1; sample variances of 20 000 rows are within 5 %."""
    network = Toy(0.49, 1, logit=-0.5).build()
    for samples in (2, 4, 8):
        arms = Arms(samples=samples)(network, 20000, generator()).var()
        independent = Reinforce(baseline="leave_one_out", samples=samples)(network, 20000, generator()).var()
        assert arms < 0.9 * independent


def test_too_few_samples_are_refused():
    with pytest.raises(InputError, match="samples = 1"):
        Arms(samples=1)
