"""Exact moments of the rules, against the rule's own rows on a grid of uniforms: every noise, encoding, loss and depth."""

from dataclasses import dataclass

import pytest
import torch

import tests.grid as grid
from straightedge.estimators.base import Rule
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.darn import Darn
from straightedge.estimators.decoupled_st_gumbel import DecoupledStGumbel
from straightedge.estimators.moment.basis import unit_basis
from straightedge.estimators.moment.chain import ChainPlan
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.moment.message import tuples
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import CrossEntropy, LogisticLoss, SquaredError, StateFunction
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.exact

NETWORKS = {
    "three layers, cross-entropy": grid.network((2, 3, 2), CrossEntropy()),
    "bits, three classes, normal": grid.network((3, 2), CrossEntropy(), outputs=3, noise=NOISES["normal"], states=BITS),
    "many targets, uniform": grid.network((2, 3), SquaredError(), points=9, noise=NOISES["uniform"], scale=0.7),
    "one target, narrow middle": grid.network((3, 1, 3), SquaredError(), outputs=1, points=7, states=BITS),
    "logistic loss, triangular": grid.network((1, 3, 1), LogisticLoss(), noise=NOISES["triangular"], states=(-1.0, 3.0), scale=0.4),
    "function, no input": grid.network((4,), StateFunction(lambda x: (x.sum(-1) + x[..., 0] * x[..., -1]) ** 2), inputs=0, points=1,
                                       noise=NOISES["logistic2"]),
    "function, deep": grid.network((2, 1, 2, 2), StateFunction(lambda x: torch.sin(x[..., 0]) + x.prod(-1)), inputs=1),
    "constant": grid.network((2, 2), StateFunction(lambda x: torch.ones_like(x[..., 0]))),
}
NARROW = {"constant", "many targets, uniform"}
SMOOTH = {
    "two layers": grid.network((1, 1), LogisticLoss()),
    "normal": grid.network((1, 1), SquaredError(), outputs=2, noise=NOISES["normal"], states=BITS),
    "one layer": grid.network((2,), CrossEntropy(), noise=NOISES["uniform"]),
}
RELAXED = {"gumbel_softmax", "foust", "bayesbinn", "mean_field"}
OF_THE_NOISE = {"st_gumbel", "gumbel_rao", "decoupled_st_gumbel"}
HARD = [name for name, kind in registry().items() if issubclass(kind, Rule) and name not in RELAXED | OF_THE_NOISE]


@pytest.mark.parametrize("network", [pytest.param(network, id=name, marks=() if name in NARROW else pytest.mark.wide)
                                     for name, network in NETWORKS.items()])
@pytest.mark.parametrize("name", HARD)
def test_rule(name, network):
    rule = registry()[name]()
    truth = grid.moments(rule, network)
    assert available(rule, network)
    assert grid.agree(network, ChainPlan(network, rule)(), truth)
    assert grid.agree(network, exact_moments(rule, network), truth)


@pytest.mark.wide
@pytest.mark.parametrize("network", SMOOTH.values(), ids=SMOOTH)
@pytest.mark.parametrize("rule", [StGumbel(1.0), StGumbel(2.0), DecoupledStGumbel(2.0, 1.5)], ids=str)
def test_rule_whose_derivative_depends_on_the_noise(rule, network):
    temperature = getattr(rule, "forward", 1.0)
    assert grid.agree(network, exact_moments(rule, network), grid.moments(rule, network, order=10, temperature=temperature, ends=14), 1e-9)


@pytest.mark.parametrize("name", sorted(RELAXED - {"mean_field"}))
def test_relaxed_states_are_refused(name):
    network, rule = NETWORKS["function, no input"], registry()[name]()
    assert not available(rule, network)
    with pytest.raises(Unsuitable, match="sample it"):
        exact_moments(rule, network)


@dataclass(frozen=True)
class Patient(StraightThrough):
    """A rule that draws more than its uniforms, and does not say so."""

    def __call__(self, network, n, rng):
        return 0.5 * (super().__call__(network, n, rng) + super().__call__(network, n, rng))


def test_a_rule_with_a_call_of_its_own_is_refused():
    assert not available(Patient(), NETWORKS["constant"])


def test_one_noise_of_gumbel_rao_is_st_gumbel():
    network, kind = SMOOTH["two layers"], registry()["gumbel_rao"]
    one, many = exact_moments(kind(0.5, 1), network), exact_moments(kind(0.5, 10**9), network)
    st = exact_moments(StGumbel(0.5), network)
    assert grid.agree(network, one, (st.mean, st.variance))
    assert grid.distance(network, many.mean, st.mean) < 1e-12
    assert bool((many.variance <= st.variance).all())
    assert bool((many.variance[network.groups["layer0"]] < 0.99 * st.variance[network.groups["layer0"]]).any())


def test_gumbel_rao_agrees_with_samples():
    """|z| < 5.5 of 100 means and variances fails by chance less than once in 10^5; 3 % of the variance would be seen."""
    network = grid.network((2, 2), CrossEntropy())
    rule = registry()["gumbel_rao"](0.3, 3)
    found, rows = exact_moments(rule, network), rule(network, 40_000, torch.Generator().manual_seed(1))
    square = (rows - found.mean).square()
    assert ((rows.mean(0) - found.mean) / (found.variance / len(rows)).sqrt()).abs().max() < 5.5
    assert ((square.mean(0) - found.variance) / (square.std(0) / len(rows) ** 0.5)).abs().max() < 5.5
    single = exact_moments(StGumbel(0.3), network)
    assert ((square.mean(0) - single.variance) / (square.std(0) / len(rows) ** 0.5)).abs().max() > 5.5


def test_wide_agrees_with_samples():
    """Unequal widths beyond enumeration, 2^26 joint states: |z| < 5.5 fails by chance less than once in 10^4 for 250 parameters."""
    network = grid.network((10, 9, 7), CrossEntropy(), points=20, scale=1.5)
    found, rows = exact_moments(StraightThrough(), network), StraightThrough()(network, 4000, torch.Generator().manual_seed(0))
    square = (rows - found.mean).square()
    assert ((rows.mean(0) - found.mean) / (found.variance / len(rows)).sqrt()).abs().max() < 5.5
    assert ((square.mean(0) - found.variance) / (square.std(0) / len(rows) ** 0.5)).abs().max() < 5.5
    worse = exact_moments(Darn(), network)
    assert ((rows.mean(0) - worse.mean) / (found.variance / len(rows)).sqrt()).abs().max() > 5.5


def test_the_comparison_can_fail(monkeypatch):
    """Units taken for dependent, and moments of a network with one weight changed in its 6th digit."""
    network = NETWORKS["three layers, cross-entropy"]
    truth = grid.moments(Darn(), network)
    theta = network.theta.clone()
    theta[0] *= 1 + 1e-6
    assert not grid.agree(network, exact_moments(Darn(), network.at(theta)), truth)
    monkeypatch.setattr("straightedge.estimators.moment.chain.tuples", lambda width, power, own: tuples(width, power, True))
    found = exact_moments(Darn(), network)
    assert grid.distance(network, found.mean, truth[0]) < 1e-12
    assert grid.distance(network, found.variance, truth[1]) > 1e-3


def test_both_bases_agree(monkeypatch):
    network = NETWORKS["three layers, cross-entropy"]
    found = exact_moments(Darn(), network)
    monkeypatch.setattr("straightedge.estimators.moment.message.basis", unit_basis)
    other = exact_moments(Darn(), network)
    assert grid.agree(network, other, (found.mean, found.variance))


def test_chunks_change_nothing(monkeypatch):
    network = NETWORKS["many targets, uniform"]
    found = exact_moments(Darn(), network)
    for module in ("chain", "marginal"):
        monkeypatch.setattr(f"straightedge.estimators.moment.{module}.CHUNK_BYTES", 200)
    other = exact_moments(Darn(), network)
    assert grid.agree(network, other, (found.mean, found.variance))


def test_float32_network_has_float64_moments():
    network = NETWORKS["three layers, cross-entropy"].to("cpu", torch.float32)
    found, wide = (exact_moments(StraightThrough(), each) for each in (network, network.to("cpu", torch.float64)))
    assert found.mean.dtype == found.variance.dtype == torch.float64
    assert torch.equal(found.mean, wide.mean) and torch.equal(found.variance, wide.variance)
