"""Double control variates and RODEO: operators and corrections without a mean, exactly, and what they save."""

import pytest
import torch

from straightedge.analysis.check.ladder import LOGITS, layered, linear, quadratic, vector
from straightedge.analysis.problem.function import Toy
from straightedge.estimators.double_cv import DoubleCv
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.loss import CrossEntropy
from straightedge.estimators.network.network import BITS, SIGNS, Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.rodeo import Rodeo
from straightedge.estimators.sampling.peer import draw
from straightedge.estimators.sampling.stein import stein
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.sum.state import state_table

pytestmark = pytest.mark.sampled


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("states", (SIGNS, BITS), ids=("signs", "bits"))
@pytest.mark.parametrize("noise", NOISES)
def test_the_operator_has_no_mean_for_any_function(noise, states):
    """Summed over all states of one vector: E A h = 0 and E A (h' d log P / d a) = 0, to rounding."""
    network = vector(quadratic, NOISES[noise], states)
    x = state_table(network, 0).view(-1, 1, 1, len(LOGITS))
    a = network.theta.expand_as(x)
    upper = x > sum(states) / 2
    p = torch.where(upper, network.noise.cdf(a), network.noise.cdf(-a)).prod(-1)
    slope = torch.tensor((0.3, -1.0, 2.0, 0.7), dtype=x.dtype).expand_as(x)
    score = network.noise.score(a, upper)
    both = stein(network, a, x, score, slope, lambda product: (product.exp(), (2 * product).sin() + product.square()))
    for applied in both:
        weighted = applied * p if applied.dim() == 3 else applied * p.unsqueeze(-1)
        assert weighted.abs().max() > 1e-4
        assert weighted.sum(0).abs().max() < 1e-12


def test_the_operator_written_out():
    """Unit by unit, with whole flipped states."""
    network = vector(quadratic, NOISES["normal"], BITS)
    x = state_table(network, 0)[5].view(1, 1, 1, -1)
    a, slope = network.theta.expand_as(x), torch.tensor((0.3, -1.0, 2.0, 0.7), dtype=x.dtype).expand_as(x)

    def h(product):
        return product.exp(), product.square()

    def score(state):
        return network.noise.score(a, state > 0.5)

    plain, scored = 0.0, 0.0
    for unit in range(4):
        flipped = torch.where(torch.arange(4) == unit, 1 - x, x)
        chance = network.noise.cdf(torch.where(flipped > 0.5, a, -a))[..., unit]
        (h_x, g_x), (h_y, g_y) = h((slope * x).sum(-1)), h((slope * flipped).sum(-1))
        plain = plain + chance * (h_y - h_x) / 4
        scored = scored + (chance / 4).unsqueeze(-1) * (g_y.unsqueeze(-1) * score(flipped) - g_x.unsqueeze(-1) * score(x))
    found = stein(network, a, x, score(x), slope, h)
    torch.testing.assert_close(found[0], plain)
    torch.testing.assert_close(found[1], scored)


@pytest.mark.parametrize("samples", (2, 4))
@pytest.mark.parametrize("noise", NOISES)
def test_linear_loss_leaves_double_cv_no_variance(noise, samples):
    """The weight learned is -1: the linear term takes the whole loss away, and its exact gradient is left."""
    network, estimator = vector(linear, NOISES[noise], BITS), DoubleCv(samples=samples)
    assert estimator.learned(network) == pytest.approx([-1.0])
    torch.testing.assert_close(estimator(network, 20, generator()), exact_gradient(network).expand(20, -1))


def test_peers_say_nothing_of_the_sample_itself(monkeypatch):
    """What the others say of trunk 0 does not change with trunk 0's uniforms; what it says of them does."""
    network = layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1])
    original = network.uniform(generator(), 5, 3)
    changed = [torch.cat((torch.rand(u[:, :1].shape, generator=generator(1), dtype=u.dtype), u[:, 1:]), 1) for u in original]

    def layers(us):
        monkeypatch.setattr(Network, "uniform", lambda *_: us)
        return list(draw(network, 5, 3, generator())[1])

    for first, second in zip(layers(original), layers(changed), strict=True):
        for name in ("value", "slope", "product"):
            torch.testing.assert_close(getattr(first, name)[:, 0], getattr(second, name)[:, 0])
            assert not torch.allclose(getattr(first, name)[:, 1], getattr(second, name)[:, 1])


@pytest.mark.parametrize("samples", (2, 4))
@pytest.mark.parametrize("kind", (DoubleCv, Rodeo))
def test_less_variance_than_leave_one_out(kind, samples):
    """By sample variances of 8000 rows, in a chain and in a vector with a quadratic loss."""
    for network in (layered((2, 3, 4, 3), CrossEntropy(), [0, 2, 1]), vector(quadratic)):
        plain = Reinforce(baseline="leave_one_out", samples=samples)(network, 8000, generator()).var(0).sum()
        assert kind(samples=samples)(network, 8000, generator()).var(0).sum() < 0.95 * plain


def test_the_toy_of_the_paper():
    """E mean (b - 0.49)^2 of six bits: linear in the bits, all but."""
    network = Toy(0.49, 6, logit=-1.0).build()
    plain, double = (one(network, 8000, generator()).var(0).sum()
                     for one in (Reinforce(baseline="leave_one_out", samples=2), DoubleCv()))
    assert double < 0.4 * plain


@pytest.mark.parametrize("kind", (DoubleCv, Rodeo))
def test_too_few_samples_are_refused(kind):
    with pytest.raises(InputError, match="samples = 1"):
        kind(samples=1)


@pytest.mark.parametrize("options", ({"hidden": 0}, {"learning_steps": 0}))
def test_settings_that_are_not_positive_are_refused(options):
    with pytest.raises(InputError, match="must be positive"):
        Rodeo(**options)
