"""Every estimator of the folder keeps its promises, and every check notices the estimator that is broken in its way."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from broken import BROKEN, form, truth
from broken import tail as exact
from broken.truth import Shrunk, WrongSign

from straightedge.analysis.check import conformance
from straightedge.analysis.check.conformance import CHECKS, run_checks
from straightedge.analysis.check.independence import autocorrelation, shared
from straightedge.analysis.check.law import contrast
from straightedge.estimators.arms import Arms
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.rebar import Rebar
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.reinmax import Reinmax
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.sampled

VARIANTS = (Reinforce(baseline="constant", constant=0.7), Reinforce(baseline="running_mean"),
            Reinforce(baseline="leave_one_out", samples=2), Reinforce(baseline="leave_one_out", samples=5),
            Arms(samples=2), Arms(samples=5), Rebar(tau=0.5), Reinmax(tau=1.0))

LITTLE = {"learning_samples": 500, "learning_steps": 10}
"""Promises hold whatever was learned, so that little is learned here."""


@pytest.mark.parametrize("name", registry())
def test_estimator(name):
    kind = registry()[name]
    little = {field: value for field, value in LITTLE.items() if field in kind.__dataclass_fields__ and name != "reinforce"}
    report = run_checks(kind(**little))
    assert not report.failures, str(report)


@pytest.mark.parametrize("estimator", VARIANTS, ids=repr)
def test_variant(estimator):
    """What hyper-parameters change: form, noise, cost and mean."""
    report = run_checks(estimator, ("check_shape", "check_noise", "check_cost", "check_unbiased", "check_exact_for"))
    assert not report.failures, str(report)


@pytest.fixture(autouse=True)
def _precision():
    """Some broken estimators leave another default precision behind."""
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


CRASHING = (form.Crashing, form.Leaving, form.Unhashable, form.Priceless, form.Numpys, exact.UnknownClass)
"""Broken estimators that are caught by their crash; others are to be caught by what they do."""


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_broken_estimator_is_caught_by_the_check_meant_for_it(kind):
    failure, = run_checks(kind(), (kind.meant,)).failures
    assert failure.check == kind.meant and ("Error: " not in failure.message or kind in CRASHING), failure


def test_every_check_is_shown_able_to_fail():
    assert {kind.meant for kind in BROKEN} == {check.__name__ for check in CHECKS}
    assert len(BROKEN) > 100


def test_form_of_the_module_lists_every_check():
    listed = [line.split()[0] for line in (conformance.__doc__ or "").splitlines() if line.strip().startswith("check_")]
    assert listed == [check.__name__ for check in CHECKS]


@pytest.mark.parametrize("kind", (form.Leaving, form.Crashing, truth.WrongSign), ids=lambda kind: kind.__name__)
def test_a_failure_stops_no_other_check(kind):
    """All checks that apply are run, also on one that ends the program."""
    report = run_checks(kind(), ("check_shape", "check_suits", "check_documented", "check_unbiased"))
    assert len(report.results) == 4 and report.failures


@dataclass(frozen=True)
class Declared(WrongSign):
    __doc__ = Reinforce.__doc__
    expected_failures: ClassVar = {"check_unbiased": "the sign is wrong on purpose"}


@dataclass(frozen=True)
class DeclaredInVain(Reinforce):
    __doc__ = Reinforce.__doc__
    expected_failures: ClassVar = {"check_unbiased": "no reason"}


@dataclass(frozen=True)
class DeclaredUnknown(Reinforce):
    __doc__ = Reinforce.__doc__
    expected_failures: ClassVar = {"check_unbaised": "a slip"}


ONE = ("check_unbiased", "check_documented")


def test_declared_failure_must_fail():
    report = run_checks(Declared(), ONE)
    assert not report.failures, str(report)
    assert "fails as declared" in str(report)
    assert "the sign is wrong on purpose" in str(report)
    assert [failure.check for failure in run_checks(DeclaredInVain(), ONE).failures] == ["check_unbiased"]
    assert [failure.check for failure in run_checks(DeclaredUnknown()).failures] == ["check_unbaised"]


def test_report_names_the_bias_and_its_size():
    report = run_checks(Shrunk(), ONE)
    message, = (failure.message for failure in report.failures)
    assert "linear" in message
    assert "mean/exact along the gradient 0.95" in message
    assert str(report).startswith("Shrunk(") and "1 of 2 checks failed" in str(report)


def test_report_says_what_would_have_been_seen():
    report = run_checks(Reinforce(baseline="leave_one_out", samples=4), ONE)
    message = next(one.message for one in report.results if one.check == "check_unbiased")
    pairs = [part.rsplit(" ", 1) for part in message.split("length: ")[1].split("; ")[0].split(", ")]
    seen = {rung: float(percent.rstrip("%")) for rung, percent in pairs}
    assert seen["linear"] <= 3.0
    assert max(seen.values()) < 15


@dataclass(frozen=True)
class Nowhere(StraightThrough):
    __doc__ = StraightThrough.__doc__

    def check(self, network):
        from straightedge.estimators.network.error import Unsuitable
        raise Unsuitable("needs a network that is not of this world")


def test_estimator_that_suits_nothing_fails():
    assert [failure.check for failure in run_checks(Nowhere()).failures] == ["check_suits"]


def cauchy(generator, *shape):
    return torch.tan(torch.pi * (torch.rand(*shape, generator=generator, dtype=torch.float64) - 0.5))


def test_autocorrelation_is_standard_normal_whatever_the_tails():
    """Cauchy rows: the largest of some 6000 |z| stays below the 1e-4 quantile in 40 samples; one shared row in five shows."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        rows = cauchy(generator, 2048, 3)
        assert autocorrelation(rows)[1] < 5.8
    rows[4::5] = rows[3::5][: len(rows[4::5])]
    where, z = autocorrelation(rows)
    assert where in ("1 apart", "2047 apart") and z > 7
    assert autocorrelation(torch.cat((rows[:1000], rows[:1000].flip(0))))[0] == "mirrored"


@pytest.mark.parametrize("atoms", (False, True))
def test_laws_are_told_apart_and_equal_ones_are_not(atoms):
    """False alarms: none in 60 pairs at the 1e-6 quantile for 8 statistics, heavy tails or rare atoms.  Power: rows that are 40 % shorter
    are seen among 300 in 20 of 20."""
    generator, worst = torch.Generator().manual_seed(1), []
    for _ in range(60):
        first, second = (cauchy(generator, n, 2) for n in (300, 4000))
        if atoms:
            first, second = (first > 12).double(), (second > 12).double()
        worst.append(contrast(first, second))
    assert max(worst) < 5.6
    normal = [[torch.randn(n, 2, generator=generator, dtype=torch.float64) + 0.3 for n in (300, 4000)] for _ in range(20)]
    assert min(contrast(0.6 * first, second) for first, second in normal) > 5.6


@pytest.mark.parametrize("size", (2, 8, 17))
def test_dependence_within_calls(size):
    """False alarms: none in 40 sets of calls, also of rare atoms; power: a shared factor is seen in each of 10."""
    generator = torch.Generator().manual_seed(2)
    for _ in range(40):
        rows = cauchy(generator, 200, size, 3)
        assert shared(rows, 5.5) < 5.5 and shared((rows > 10).double(), 5.5) < 5.5
    for _ in range(10):
        rows = torch.randn(200, size, 3, generator=generator, dtype=torch.float64)
        assert shared(rows * torch.rand(200, 1, 1, generator=generator, dtype=torch.float64), 5.5) > 5.5
