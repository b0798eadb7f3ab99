"""Is this estimator what it says it is?  Small named checks, run over every estimator, and over anyone's own.

    check_shape          n rows of d finite numbers
    check_detached       rows carry no autograd graph
    check_unchanged      the network and the estimator are not written to
    check_value          hash, equality, pickle
    check_random         rows differ, or are equal where it says so
    check_seed           reproduced by the seed, from the given generator, which is not seeded anew
    check_global_random  global random states and torch's settings untouched
    check_noise          the noise of one row changes no other
    check_independent    rows are independent: in long calls, in small ones, from call to call
    check_sizes          rows follow one law whatever the number of rows of a call
    check_place          and whatever their place in the call
    check_precision      and in float32
    check_tails          no single row carries the sum of squares
    check_suits          finite rows or Unsuitable on every network, never a crash
    check_documented     five headings, formula, paper
    check_cost           the passes that the Cost line declares are those counted
    check_unbiased       where it says so: every coordinate and the length along the exact gradient, on the ladder of problems
    check_exact_for      where it says so: the same for a class of problems
    check_moments        exact mean and variance, where there are any, are those of the rows
    check_state          after all of these calls the same generator gives the rows that it gave at first

An estimator that cannot pass one says so itself: `expected_failures = {"check_x": "the reason"}`; that check must then fail.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from straightedge.analysis.check.draw import Networks
from straightedge.analysis.check.form import (
    check_cost,
    check_detached,
    check_documented,
    check_shape,
    check_suits,
    check_unchanged,
    check_value,
)
from straightedge.analysis.check.generator import check_global_random, check_random, check_seed
from straightedge.analysis.check.independence import check_independent, check_noise, check_state
from straightedge.analysis.check.ladder import ladder
from straightedge.analysis.check.law import check_place, check_precision, check_sizes
from straightedge.analysis.check.moment import check_moments
from straightedge.analysis.check.truth import check_exact_for, check_tails, check_unbiased
from straightedge.analysis.check.unbiased import assert_unbiased
from straightedge.estimators.base import Estimator

__all__ = ["CHECKS", "Report", "Result", "assert_unbiased", "checks", "run_checks"]

Check = Callable[[Estimator, Networks], str]


def always(estimator: Estimator) -> bool:
    """Whether a check applies that every estimator is held to."""
    return True


CHECKS: dict[Check, Callable[[Estimator], bool]] = {
    check_shape: always,
    check_detached: always,
    check_unchanged: always,
    check_value: always,
    check_random: always,
    check_seed: always,
    check_global_random: always,
    check_noise: always,
    check_independent: always,
    check_sizes: always,
    check_place: always,
    check_precision: always,
    check_tails: always,
    check_suits: always,
    check_documented: always,
    check_cost: always,
    check_unbiased: lambda estimator: estimator.unbiased,
    check_exact_for: lambda estimator: bool(estimator.exact_for),
    check_moments: always,
    check_state: always,
}
"""Every check, in the order in which they are run, and whom it applies to."""


def checks(estimator: Estimator) -> Iterator[Check]:
    """The checks that apply to this estimator, by its claims."""
    return (check for check, applies in CHECKS.items() if applies(estimator))


@dataclass(frozen=True)
class Result:
    """What one check said."""

    check: str
    passed: bool
    message: str
    expected: str = ""
    """The reason for which the estimator declares that this check fails."""

    @property
    def right(self) -> bool:
        """Passed, or failed as declared."""
        return self.passed != bool(self.expected)

    def __str__(self) -> str:
        outcome = {(True, False): "ok", (False, False): "FAILED", (False, True): "ok, fails as declared",
                   (True, True): "PASSED, but is declared to fail"}[self.passed, bool(self.expected)]
        declared = f" (declared: {self.expected})" if self.expected else ""
        return f"{self.check:<20} {outcome}: {self.message}{declared}"


@dataclass(frozen=True)
class Report:
    """Every check's result for one estimator."""

    estimator: str
    results: tuple[Result, ...]

    @property
    def failures(self) -> tuple[Result, ...]:
        """The results that are not as they should be."""
        return tuple(result for result in self.results if not result.right)

    def __str__(self) -> str:
        summary = f"{len(self.failures)} of {len(self.results)} checks failed" if self.failures else \
            f"all {len(self.results)} checks passed"
        return "\n".join((f"{self.estimator}: {summary}", *map(str, self.results)))


def result(check: Check, estimator: Estimator, networks: Networks) -> Result:
    """The result of one check; an exception is a failure."""
    name = check.__name__
    try:
        passed, message = True, check(estimator, networks)
    except AssertionError as failure:
        passed, message = False, str(failure)
    except (Exception, SystemExit) as error:  # an exit inside foreign code is its failure, not our end
        passed, message = False, f"{type(error).__name__}: {error}"
    return Result(name, passed, message, estimator.expected_failures.get(name, ""))


def run_checks(estimator: Estimator, chosen: Collection[str] = ()) -> Report:
    """The report on this estimator; on these checks alone, where some are chosen by name."""
    results, networks = [], None
    for check in checks(estimator):
        if chosen and check.__name__ not in chosen:
            continue
        if networks is None:
            networks = Networks(estimator, ladder())
            networks.remember()
        if not networks:
            results.append(Result("check_suits", False, "suits no network of the ladder, not even one vector with a linear loss"))
            break
        results.append(result(check, estimator, networks))
        if not results[-1].passed:  # it may have written into the networks
            networks = None
    for name in sorted(set(estimator.expected_failures) - {one.check for one in results}) if not chosen else ():
        results.append(Result(name, True, "no such check applies", estimator.expected_failures[name]))
    return Report(repr(estimator), tuple(results))
