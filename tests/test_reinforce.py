"""REINFORCE's baselines: none of them may depend on the sample that it is subtracted from."""

from dataclasses import dataclass

import pytest
import torch

from straightedge.analysis.accuracy.bias_test import BiasTest
from straightedge.analysis.check.ladder import layered, quadratic, vector
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import estimate_rows as assembled
from straightedge.estimators.sampling.forward import trunk
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

pytestmark = pytest.mark.sampled

FALSE_ALARM = 1e-7


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1])


def test_running_mean_is_a_constant_learned_beforehand(network):
    """Equal to the exact loss within 5.5 standard errors of its samples, and the same for every row."""
    running = Reinforce(baseline="running_mean")
    learned = running.learned(network)
    losses = network.value(trunk(network, network.uniform(generator(), 4000))[2])
    assert learned == pytest.approx(float(exact_loss(network)), abs=5.5 * float(losses.std()) / running.learning_samples**0.5)
    assert learned != float(exact_loss(network))
    constant = Reinforce(baseline="constant", constant=learned)
    torch.testing.assert_close(running(network, 20, generator()), constant(network, 20, generator()))


def test_running_mean_does_not_depend_on_the_rows(network):
    running = Reinforce(baseline="running_mean")
    one, many = running(network, 1, generator()), running(network, 500, generator(1))
    assert torch.equal(running(network, 1, generator()), one)
    assert torch.equal(running(network, 500, generator(1)), many)
    assert torch.equal(running(layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1]), 1, generator()), one)


@pytest.mark.parametrize("baseline", ("running_mean", "leave_one_out"))
def test_baseline_takes_away_most_of_the_variance_of_a_shifted_loss(baseline):
    network = vector(lambda x: 10 + quadratic(x))
    variance = {name: Reinforce(baseline=name, samples=4)(network, 4000, generator()).var(0).sum() for name in ("none", baseline)}
    assert variance[baseline] < 0.5 * variance["none"]


@dataclass(frozen=True)
class OwnSampleIncluded(Reinforce):
    """The mean of all samples as baseline: shrinks the gradient by 1 / samples."""

    def __call__(self, network, n, rng):
        states, activations, z = trunk(network, network.uniform(rng, n, self.samples))
        loss, slope = network.outcome(z)
        deltas = [(loss - loss.mean(1, keepdim=True)).unsqueeze(-1) * network.noise.score(a, x > 0)
                  for a, x in zip(activations, states[1:], strict=True)]
        return assembled(network, states, deltas, slope)


def test_a_baseline_with_the_own_sample_is_seen():
    network = vector(quadratic)
    tests = {kind: BiasTest(exact_gradient(network), float(exact_loss(network).abs())) for kind in (OwnSampleIncluded, Reinforce)}
    for kind, test in tests.items():
        test.add(kind(baseline="leave_one_out", samples=10)(network, 20000, generator()))
    assert tests[OwnSampleIncluded].scale == pytest.approx(-0.1, abs=0.02)
    assert tests[OwnSampleIncluded].alarm(FALSE_ALARM)
    assert not tests[Reinforce].alarm(FALSE_ALARM)


@pytest.mark.parametrize("options", ({"baseline": "leave_one_out"}, {"baseline": "leave_one_out", "samples": 1}, {"samples": 0}))
def test_too_few_samples_are_refused(options):
    with pytest.raises(InputError, match="samples = "):
        Reinforce(**options)
