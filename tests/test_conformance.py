"""Every estimator of the folder keeps its promises, and every check notices the estimator that is broken in its way."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from broken import BROKEN, Shrunk, WrongSign

from straightedge.analysis.check.chance import autocorrelation
from straightedge.analysis.check.conformance import checks, run_checks
from straightedge.estimators.arms import Arms
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.rebar import Rebar
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.reinmax import Reinmax
from straightedge.estimators.straight_through import StraightThrough

VARIANTS = (Reinforce(baseline="constant", constant=0.7), Reinforce(baseline="running_mean"),
            Reinforce(baseline="leave_one_out", samples=2), Reinforce(baseline="leave_one_out", samples=5),
            Arms(samples=2), Arms(samples=5), Rebar(tau=0.5), Reinmax(tau=1.0))

LITTLE = {"learning_samples": 500, "learning_steps": 10}
"""Promises hold whatever was learned, so that little is learned here."""


@pytest.mark.parametrize("name", registry())
def test_estimator(name):
    kind = registry()[name]
    report = run_checks(kind(**{field: value for field, value in LITTLE.items() if field in kind.__dataclass_fields__}))
    assert not report.failures, str(report)


@pytest.mark.parametrize("estimator", VARIANTS, ids=repr)
def test_variant(estimator):
    report = run_checks(estimator)
    assert not report.failures, str(report)


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_broken_estimator_is_caught_by_the_check_meant_for_it(kind):
    failed = {failure.check for failure in run_checks(kind()).failures}
    assert kind.meant in failed
    assert failed <= {kind.meant, *getattr(kind, "also", ())}


def test_every_check_is_shown_able_to_fail():
    everything = {check.__name__ for kind in BROKEN for check in checks(kind())}
    assert {kind.meant for kind in BROKEN} == everything


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


def test_declared_failure_must_fail():
    report = run_checks(Declared())
    assert not report.failures
    assert "fails as declared" in str(report)
    assert "the sign is wrong on purpose" in str(report)
    assert [failure.check for failure in run_checks(DeclaredInVain()).failures] == ["check_unbiased"]
    assert [failure.check for failure in run_checks(DeclaredUnknown()).failures] == ["check_unbaised"]


def test_report_names_the_bias_and_its_size():
    report = run_checks(Shrunk())
    message, = (failure.message for failure in report.failures)
    assert "linear" in message
    assert "mean/exact along the gradient 0.95" in message
    assert str(report).startswith("Shrunk(") and "1 of 12 checks failed" in str(report)


def test_report_says_what_would_have_been_seen():
    report = run_checks(Reinforce(baseline="leave_one_out", samples=4))
    message = next(one.message for one in report.results if one.check == "check_unbiased")
    pairs = [part.split(" ") for part in message.split("length: ")[1].split("; ")[0].split(", ")]
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


def test_autocorrelation_is_standard_normal_whatever_the_tails():
    """Cauchy rows: the largest of 2047 |z| stays below the 1e-4 quantile in 40 samples; one shared row in five shows."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        rows = torch.tan(torch.pi * (torch.rand(2048, 3, generator=generator, dtype=torch.float64) - 0.5))
        assert autocorrelation(rows)[1] < 5.6
    rows[4::5] = rows[3::5][: len(rows[4::5])]
    lag, z = autocorrelation(rows)
    assert lag in (1, 2047) and z > 7
