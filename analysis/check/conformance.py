"""Is this estimator what it says it is?  Small named checks, run over every estimator, and over anyone's own.

    check_shape          n rows of d finite numbers, for n = 1, 2, 7
    check_detached       rows carry no autograd graph
    check_unchanged      the network and the estimator are not written to
    check_value          hash, equality, pickle
    check_random         rows differ, or are equal where it says so
    check_seed           reproduced by the seed
    check_global_random  global random states untouched
    check_independent    rows are independent
    check_suits          finite rows or Unsuitable on every network, never a crash
    check_documented     five headings, formula, paper
    check_cost           the passes that the Cost line declares are those counted
    check_unbiased       where it says so: every coordinate and the length along the exact gradient, on the ladder of problems
    check_exact_for      where it says so: the same for a class of problems

An estimator that cannot pass one says so itself: `expected_failures = {"check_x": "the reason"}`; that check must then fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from straightedge.analysis.check import chance as check_chance
from straightedge.analysis.check import form as check_form
from straightedge.analysis.check import truth as check_truth
from straightedge.analysis.check.ladder import ladder, suiting
from straightedge.analysis.check.unbiased import assert_unbiased
from straightedge.estimators.base import Estimator

__all__ = ["Report", "Result", "assert_unbiased", "checks", "run_checks"]

Check = Callable[[Estimator, check_form.Networks], str]


def checks(estimator: Estimator) -> Iterator[Check]:
    """The checks that apply to this estimator, by its claims."""
    yield check_form.check_shape
    yield check_form.check_detached
    yield check_form.check_unchanged
    yield check_form.check_value
    yield check_chance.check_random
    yield check_chance.check_seed
    yield check_chance.check_global_random
    yield check_chance.check_independent
    yield check_form.check_suits
    yield check_form.check_documented
    yield check_form.check_cost
    if estimator.unbiased:
        yield check_truth.check_unbiased
    if estimator.exact_for:
        yield check_truth.check_exact_for


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


def result(check: Check, estimator: Estimator, networks: check_form.Networks) -> Result:
    """The result of one check; an exception is a failure."""
    name = check.__name__
    try:
        passed, message = True, check(estimator, networks)
    except AssertionError as failure:
        passed, message = False, str(failure)
    except (Exception, SystemExit) as error:  # an exit inside foreign code is its failure, not our end
        passed, message = False, f"{type(error).__name__}: {error}"
    return Result(name, passed, message, estimator.expected_failures.get(name, ""))


def run_checks(estimator: Estimator) -> Report:
    """The report on this estimator."""
    results, networks = [], {}
    for check in checks(estimator):
        networks = networks or suiting(estimator, ladder())
        if not networks:
            results.append(Result("check_suits", False, "suits no network of the ladder, not even one vector with a linear loss"))
            break
        results.append(result(check, estimator, networks))
        if not results[-1].passed:  # it may have written into the networks
            networks = {}
    for name in sorted(set(estimator.expected_failures) - {one.check for one in results}):
        results.append(Result(name, True, "no such check applies", estimator.expected_failures[name]))
    return Report(repr(estimator), tuple(results))
