"""The command `check`: an estimator held against its promises, somebody else's in a process of its own, which it may end."""

from straightedge.analysis.check.conformance import run_checks
from straightedge.estimators.catalogue.apart import outcome
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import Failed
from straightedge.experiments.runner.spread import own


def failed(name: str) -> bool:
    """Prints the report; whether a promise is not kept.  Raises Failed where the estimator ends its process."""
    chosen = estimator_of(name)

    def checked() -> bool:
        report = run_checks(chosen)
        print(report)
        return bool(report.failures)

    end, found = ("", None) if own(chosen) else outcome(checked)
    if end:
        raise Failed(f"check: a process that checks {name} {end}")
    return checked() if found is None else found
