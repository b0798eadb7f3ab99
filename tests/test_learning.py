"""What learned control variates share: a stream of their own, learned once for each network, and the least-squares weights."""

import copy
import gc

import pytest
import torch

from straightedge.analysis.check.ladder import layered, quadratic, vector
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.learning import LEARNED, LearningEstimator, centred, coefficients, inner, minimise, share, spread

pytestmark = pytest.mark.unit

LEARNERS = {name: kind for name, kind in registry().items() if issubclass(kind, LearningEstimator)}
OPTIONS = {"reinforce": {"baseline": "running_mean"}}
SMALL = {"learning_samples": 500}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def small(name, **options):
    return LEARNERS[name](**OPTIONS.get(name, {}), **SMALL, **options)


@pytest.mark.sampled
@pytest.mark.parametrize("name", LEARNERS)
def test_rows_depend_on_their_own_generator_and_the_learning_seed_alone(name):
    """Not on what was drawn before, nor on how many rows, nor on the object; another learning seed gives other rows."""
    networks = [vector(quadratic) for _ in range(2)]
    rows = small(name)(networks[0], 8, generator(7))
    small(name)(networks[1], 3, generator(1))
    assert torch.equal(small(name)(networks[1], 8, generator(7)), rows)
    assert not torch.equal(small(name, learning_seed=1)(networks[0], 8, generator(7)), rows)


@pytest.mark.sampled
@pytest.mark.parametrize("name", LEARNERS)
def test_learned_once_and_forgotten_with_the_network(name):
    network = vector(quadratic)
    estimator = small(name)
    assert estimator.learned(network) is copy.deepcopy(estimator).learned(network)
    before = len(LEARNED)
    del network
    gc.collect()
    assert len(LEARNED) < before


@pytest.mark.sampled
@pytest.mark.parametrize("name", LEARNERS)
def test_learning_counts_as_no_pass_and_leaves_the_global_generator_alone(name):
    network = layered((2, 3, 2, 3), CrossEntropy(), [0, 2])
    state = torch.get_rng_state()
    small(name).learned(network)
    assert network.cost(1) == (0, 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_learning_stream_is_not_the_rows_stream():
    """Were the baseline learned from the rows' own uniforms, the mean of those rows' losses would be the baseline itself."""
    network = vector(quadratic)
    for seed in range(3):
        learned = Reinforce(baseline="running_mean", learning_samples=50, learning_seed=seed).learned(network)
        states = network.encode(network.uniform(generator(seed), 50)[0] < network.noise.cdf(network.theta))
        assert abs(learned - float(network.value(states).mean())) > 1e-6


@pytest.mark.parametrize("samples", (None, 3), ids=("one sample", "three samples"))
def test_inner_is_the_product_of_the_gradients_of_every_data_point(samples):
    axes = (5, 2) if samples is None else (5, samples, 2)
    below, first, second = (torch.randn(*axes, width, generator=generator(width), dtype=torch.float64) for width in (3, 4, 5))
    second = second[..., :4]

    def gradients(delta):
        """[n, b, o, i + 1], the samples averaged as a sum."""
        inputs = torch.cat((below, torch.ones_like(below[..., :1])), -1)
        outer = delta.unsqueeze(-1) * inputs.unsqueeze(-2)
        return outer if samples is None else outer.sum(1)

    torch.testing.assert_close(inner(below, first, second), (gradients(first) * gradients(second)).sum())
    torch.testing.assert_close(share(below, second, first), inner(below, second, second) / inner(below, first, first))


def test_coefficients_are_least_squares():
    """Of what varies: a mean of the estimate, however large, changes nothing."""
    below, *controls, rest = (torch.randn(50, 2, width, generator=generator(seed), dtype=torch.float64)
                              for seed, width in enumerate((3, 4, 4, 4)))
    main = 100 + 0.7 * controls[0] - 2 * controls[1] + 0.1 * rest
    found = coefficients(below, main, controls)

    def left(first, second):
        rest = centred(main - first * controls[0] - second * controls[1])
        return float(inner(below, rest, rest))

    assert found == pytest.approx([0.7, -2], abs=0.05)
    for step in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert left(*found) < left(found[0] + step[0], found[1] + step[1])


@pytest.mark.parametrize("scale", (0.0, 1.0))
def test_coefficients_of_repeated_or_empty_controls_are_finite(scale):
    below, control = torch.ones(4, 1, 2), scale * torch.randn(4, 1, 3, generator=generator())
    assert coefficients(below, control, [control, control]) == pytest.approx([scale / 2, scale / 2])


def test_minimise_finds_the_mean_of_the_rows_that_it_is_shown():
    target = torch.randn(1000, 3, generator=generator(), dtype=torch.float64) + torch.tensor([0.3, -0.2, 0.5])
    parameter, shown = torch.zeros(3, dtype=torch.float64, requires_grad=True), []

    def objective(rows):
        shown.append(rows)
        return (target[rows] - parameter).square().mean()

    minimise([parameter], objective, 1000, steps=200)
    assert {len(target[rows]) for rows in shown} == {5}
    assert len({rows.start for rows in shown}) == 200
    torch.testing.assert_close(parameter.detach(), target.mean(0), atol=0.1, rtol=0)


def test_spread_of_equal_losses_is_one():
    assert spread(torch.full((5, 2), 3.0)) == 1
    assert spread(torch.tensor([1.0, 3.0])) == 1
    assert spread(torch.tensor([1.0, 5.0])) == 2


@pytest.mark.parametrize("name", LEARNERS)
def test_one_learning_sample_is_enough_for_finite_rows(name):
    estimator = LEARNERS[name](**OPTIONS.get(name, {}), learning_samples=1)
    assert estimator(vector(quadratic), 5, generator()).isfinite().all()
