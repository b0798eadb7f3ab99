"""Exact moments that would be somebody else's: classes that change a call, rules that see neighbours, spikes, rows that disagree."""

from dataclasses import dataclass

import pytest
import torch

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.contradiction import against, contradiction
from straightedge.analysis.cell.measure import measure_cell
from straightedge.analysis.check.draw import Networks
from straightedge.analysis.check.ladder import ladder
from straightedge.analysis.check.moment import check_moments
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator, Rule
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.gumbel_rao import GumbelRao
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.moment.exact import available, exact_moments
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.moment.score import ScorePlan
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.unit import hard, with_slope
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.sampled

NETWORK = Points((3, 4), points=6).build()
KINDS = (Reinforce, Arm, Disarm, Psa, StraightThrough, GumbelRao)


def shorter(kind):
    """0.7 times this estimator."""
    return type("Shorter", (kind,), {"__call__": lambda self, network, n, rng: 0.7 * kind.__call__(self, network, n, rng)})()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_call_of_its_own_has_no_inherited_moments(kind):
    assert available(kind(), NETWORK)
    assert not available(shorter(kind), NETWORK)
    with pytest.raises(Unsuitable, match="Shorter.*sample it"):
        exact_moments(shorter(kind), NETWORK)


@pytest.mark.parametrize(("kind", "name"), [(Reinforce, "learn"), (Reinforce, "learned"), (GumbelRao, "unit"), (StraightThrough, "noises"),
                                            (Reinforce, "__getattribute__")])
def test_what_a_call_may_use_counts_like_the_call(kind, name):
    changed = type("Changed", (kind,), {name: object.__getattribute__ if name == "__getattribute__" else lambda self, *rest: 0.0})()
    assert not available(changed, NETWORK)


@dataclass(frozen=True)
class Named(Reinforce):
    """Another default and other claims: still REINFORCE."""

    samples: int = 3
    note: str = "mine"
    marker = "x"

    def check(self, network):
        pass


@dataclass(frozen=True)
class Whole(Reinforce):
    """A call and a plan of its own."""

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng)

    def plan(self, network):
        return ScorePlan(network)


def test_values_claims_and_a_plan_of_its_own_count():
    assert torch.equal(exact_moments(Named(), NETWORK).variance, exact_moments(Reinforce(samples=3), NETWORK).variance)
    assert available(Whole(), NETWORK)
    assert Estimator.plan(Whole(), NETWORK) is None


@dataclass(frozen=True)
class Liar(MeanField):
    """Says that its rows do not differ."""

    def __call__(self, network, n, rng):
        return super().__call__(network, n, rng) * torch.rand(n, 1, generator=rng, dtype=network.theta.dtype)


def test_a_single_row_of_a_random_estimator_is_not_its_mean():
    with pytest.raises(Unsuitable, match="rows differ"):
        exact_moments(Liar(), NETWORK)


@dataclass(frozen=True)
class Social(Rule):
    """Straight-through with a factor that depends on more than its own unit."""

    by: str

    def unit(self, a, u, noise):
        factor = {"width": a.new_tensor(float(a.shape[-1])), "neighbours": 1 + 0 * a + a.detach().mean(-1, keepdim=True).abs(),
                  "data": 1 + 0 * a + a.detach().mean(-2, keepdim=True).abs() if a.dim() > 1 else 1 + 0 * a,
                  "all": 1 + 0 * a + a.detach().mean().abs(), "uniforms": 1 + 0 * a + u.roll(1, -1),
                  "derivative": 2 * noise.density(a.detach())}[self.by]
        x = with_slope(hard(a.detach(), u, noise), a, factor)
        return x + 0.1 * (a - a.detach()).sum(-1, keepdim=True) if self.by == "derivative" else x


@pytest.mark.parametrize("by", ["width", "neighbours", "data", "all", "uniforms", "derivative"])
def test_rules_that_see_more_than_their_unit_are_refused(by):
    with pytest.raises(Unsuitable, match="depends on its layer's width or on other units"):
        exact_moments(Social(by), NETWORK)


@dataclass(frozen=True)
class Spike(Rule):
    """Straight-through with a narrow spike in u, of integral 1."""

    width: float
    place: float = 0.3

    def unit(self, a, u, noise):
        spike = ((u - self.place).abs() < self.width / 2).to(a.dtype) / self.width
        return with_slope(hard(a.detach(), u, noise), a, 2 * noise.density(a.detach()) + spike)


@pytest.mark.parametrize("width", [1e-2, 1e-3, 1e-4, 3e-5])
def test_a_spike_is_integrated_or_refused(width):
    """Right is twice the first moment of straight-through, had its factor been 2 F' + 1."""
    try:
        found = exact_moments(Spike(width), ladder()["linear"])
    except Unsuitable:
        return
    w = torch.tensor((1.0, -0.7, 0.4, -1.2), dtype=torch.float64)
    network = ladder()["linear"]
    torch.testing.assert_close(found.mean, w * (2 * network.noise.density(network.theta) + 1), rtol=1e-5, atol=0)


@pytest.mark.parametrize("rule", [StGumbel(1e-17), GumbelRao(1e-17)], ids=lambda rule: type(rule).__name__)
def test_a_temperature_below_resolution_is_refused(rule):
    with pytest.raises(Unsuitable, match="between two neighbouring numbers"):
        exact_moments(rule, NETWORK)
    assert available(StGumbel(1e-6), NETWORK)


@dataclass(frozen=True)
class Wrong(Estimator):
    """REINFORCE with the moments of something else, in its own class."""

    scale: float = 0.7
    spread: float = 1.0

    def __call__(self, network, n, rng):
        rows, mean = Reinforce()(network, n, rng), exact_moments(Reinforce(), network).mean
        return self.scale * (mean + self.spread * (rows - mean))

    def plan(self, network):
        return ScorePlan(network)


def test_rows_that_contradict_are_believed():
    problem = Points((2, 3), points=5)
    records = measure_cell(Cell(problem, Wrong(), rows=400, seeds=2))
    estimates = records.records[records.records.metric != "loss"]  # which no estimator has a part in
    assert set(estimates.method) == {"sampled"} and "contradicts it" in records.run["note"]
    with pytest.raises(InputError, match="said to be exact is not so"):
        measure_cell(Cell(problem, Wrong(), rows=400, seeds=2, method="exact"))
    right = measure_cell(Cell(problem, Reinforce(), rows=400, seeds=2))
    assert "exact" in set(right.records.method) and "note" not in right.run


@pytest.mark.parametrize("wrong", [Wrong(0.7, 1.0), Wrong(1.0, 0.5), Wrong(1.0, 1.5)], ids=str)
def test_check_moments_finds_a_wrong_mean_or_variance(wrong):
    rungs = {name: ladder()[name] for name in ("deep", "normal signs")}
    with pytest.raises(AssertionError, match="contradicts it"):
        check_moments(wrong, Networks(wrong, rungs))


@pytest.mark.parametrize("estimator", [Reinforce(baseline="leave_one_out", samples=2), Disarm(), StraightThrough(), MeanField()], ids=str)
def test_check_moments_passes_the_right_ones(estimator):
    assert "agree" in check_moments(estimator, Networks(estimator, ladder()))


def test_alarms_are_as_rare_as_promised():
    """At 1 in 20 a measurement: more than 20 of 160 would happen by chance less than once in 10^4."""
    network, estimator = ladder()["saturated"], Reinforce()
    found = exact_moments(estimator, network)
    alarms = [bool(contradiction(estimator, network, found, 512, 0.05, seed)) for seed in range(160)]
    assert sum(alarms) <= 20


def test_events_that_no_row_shows_contradict_nothing():
    """One row in 10^5 holds all of the mean; among 1000 none, one or two of them are seen, or by luck twenty."""
    found = Moments(torch.tensor([1.0]).double(), torch.tensor([1e5 - 1.0]).double())
    for events in (0, 1, 2):
        rows = torch.zeros(1000, 1, dtype=torch.float64)
        rows[:events] = 1e5
        assert not against(rows, found, common=False)
    assert against(torch.full((1000, 1), 2.0, dtype=torch.float64), Moments(torch.ones(1).double(), torch.zeros(1).double()), common=False)
    assert "NaN" in against(torch.full((9, 1), torch.nan, dtype=torch.float64), found, common=False)


def test_steps_that_no_row_falls_into_are_no_contradiction(monkeypatch):
    """Four relaxed layers at tau = 0.01: all the variance of a first layer's parameter is in rows of which 1024 may show none."""
    network, estimator = Points((4, 4, 4, 4), points=50, seed=1).build(), StGumbel(0.01)
    found = exact_moments(estimator, network)
    assert not contradiction(estimator, network, found, 1024)
    monkeypatch.setattr("straightedge.analysis.cell.contradiction.noisy", lambda *parts: False)
    assert "variance" in contradiction(estimator, network, found, 1024)
