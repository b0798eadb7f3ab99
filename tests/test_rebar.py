"""REBAR and RELAX: derivatives of their relaxed losses, controls without a mean, and what is learned."""

from dataclasses import replace

import pytest
import torch

from straightedge.analysis.accuracy.bias_test import BiasTest
from straightedge.analysis.check.ladder import layered, multi_affine, quadratic, vector
from straightedge.analysis.problem.function import Toy
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import CrossEntropy, StateFunction
from straightedge.estimators.network.network import BITS, SIGNS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.rebar import TEMPERATURES, Rebar
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.relax import Relax, surrogate
from straightedge.estimators.sampling.forward import estimate_rows as assembled
from straightedge.estimators.sampling.relaxation import couple, draw, smoothed

pytestmark = pytest.mark.sampled

FALSE_ALARM = 1e-7


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(noise, outputs=True):
    if outputs:
        return layered((2, 3, 4, 2, 3), CrossEntropy(), [0, 2], NOISES[noise], BITS)
    return layered((2, 3, 4, 2), StateFunction(lambda x: x.prod(-1) + x.exp().sum(-1)), [0, 0], NOISES[noise], SIGNS)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("outputs", (True, False), ids=("outputs", "state function"))
def test_slope_of_the_relaxed_loss_by_finite_differences(noise, outputs):
    """At temperature 1; central differences with step 1e-6 of a loss of order one are good to 1e-7."""
    problem = network(noise, outputs)
    sample, zs, couplings = draw(problem, 6, generator())
    for layer, coupling in enumerate(couplings):
        _, slope = smoothed(sample, coupling, zs, layer, 1.0)
        for unit in range(problem.widths[layer]):
            step = torch.zeros_like(coupling.a)
            step[..., unit] = 1e-6
            up, down = (smoothed(sample, replace(coupling, a=coupling.a + sign * step), zs, layer, 1.0)[0] for sign in (1, -1))
            torch.testing.assert_close(slope[..., unit], (up - down) / 2e-6, atol=1e-6, rtol=1e-6)


def test_slope_of_the_net_by_finite_differences():
    problem = network("logistic")
    _, _, couplings = draw(problem, 6, generator())
    coupling = list(couplings)[1]
    shapes = ((5, 4), (5, problem.coefficients.shape[1]), (5,), (5,))
    net = [torch.randn(shape, generator=generator(index), dtype=torch.float64) for index, shape in enumerate(shapes)]
    _, slope = surrogate(net, problem, coupling, 0.7)
    for unit in range(4):
        step = torch.zeros_like(coupling.a)
        step[..., unit] = 1e-6
        up, down = (surrogate(net, problem, replace(coupling, a=coupling.a + sign * step), 0.7)[0] for sign in (1, -1))
        torch.testing.assert_close(slope[..., unit], (up - down) / 2e-6, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("noise", NOISES)
def test_conditional_noise_gives_the_same_state_and_its_derivative(noise):
    """Z' < a exactly where the unit is hi; d (a - Z') / d a by finite differences at fixed v and state."""
    problem = vector(quadratic, NOISES[noise])
    _, _, couplings = draw(problem, 200, generator())
    coupling, = couplings
    again, a = coupling.noises[:, 1], coupling.a
    upper = coupling.noises[:, 0] < a
    assert torch.equal(again < a, upper)
    x, v = problem.encode(upper), torch.rand(a.shape, generator=generator(2), dtype=a.dtype)
    value, nothing = problem.value(x), coupling.noises[:, 0]
    made = couple(problem, coupling.below, a, x, value, nothing, v)
    up, down = (a + sign * 1e-6 - couple(problem, coupling.below, a + sign * 1e-6, x, value, nothing, v).noises[:, 1]
                for sign in (1, -1))
    torch.testing.assert_close(made.chain, (up - down) / 2e-6, atol=1e-5, rtol=1e-5)


def controls_alone(problem, n, tau, spoil=None):
    """The rows that the relaxed controls of all layers give by themselves; their mean should be zero."""
    sample, zs, couplings = draw(problem, n, generator(4))
    parts = [(coupling, smoothed(sample, coupling, zs, layer, tau)) for layer, coupling in enumerate(couplings)]
    deltas = [(spoil(coupling) if spoil else coupling).control(*control) for coupling, control in parts]
    return assembled(problem, list(sample.inputs), deltas, None if sample.slope is None else torch.zeros_like(sample.slope))


@pytest.mark.parametrize("tau", (0.2, 1.0))
@pytest.mark.parametrize("noise", NOISES)
def test_controls_have_no_mean(noise, tau):
    problem = network(noise)
    test = BiasTest(torch.zeros_like(problem.theta), 1.0)
    test.add(controls_alone(problem, 40000, tau))
    assert not test.alarm(FALSE_ALARM)
    assert test.visible(FALSE_ALARM) < 0.1


def test_a_control_without_the_derivative_of_the_conditional_noise_has_a_mean():
    problem = vector(quadratic)
    test = BiasTest(torch.zeros_like(problem.theta), 1.0)
    test.add(controls_alone(problem, 40000, 1.0, lambda coupling: replace(coupling, chain=torch.ones_like(coupling.chain))))
    assert test.alarm(FALSE_ALARM)


@pytest.mark.parametrize("noise", NOISES)
def test_less_variance_than_reinforce_and_the_temperature_learned_is_the_best(noise):
    """Sample variances of 8000 rows; the best of the fixed temperatures within 5 %."""
    problem = network(noise)
    variance = {estimator: float(estimator(problem, 8000, generator()).var(0).sum())
                for estimator in (Reinforce(), Rebar(), *(Rebar(tau=tau) for tau in TEMPERATURES))}
    assert variance[Rebar()] < 0.8 * variance[Reinforce()]
    assert variance[Rebar()] < 1.05 * min(variance[Rebar(tau=tau)] for tau in TEMPERATURES)


def test_relax_adds_to_rebar():
    """One unit with (b - 0.45)^2: the toy of the paper, where the net makes the variance vanish.  Elsewhere it does no harm."""
    toy = Toy(0.45, 1).build()
    assert Relax()(toy, 5000, generator()).var() < 1e-3 * Rebar()(toy, 5000, generator()).var()
    problem = vector(multi_affine)
    relax, rebar = (one(problem, 8000, generator()).var(0).sum() for one in (Relax(), Rebar()))
    assert relax < 1.02 * rebar


@pytest.mark.parametrize("make", (lambda: Rebar(tau=0.0), lambda: Rebar(tau=-1.0), lambda: Relax(hidden=0),
                                  lambda: Relax(learning_steps=0)))
def test_settings_that_are_not_positive_are_refused(make):
    with pytest.raises(InputError, match="must be positive"):
        make()
