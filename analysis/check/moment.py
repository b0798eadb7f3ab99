"""The check of exact moments: where an estimator has them, its own rows must not contradict them."""

from straightedge.analysis.cell.contradiction import contradiction
from straightedge.analysis.check.draw import Networks
from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.exact import available, exact_moments

ROWS = 16_384
FALSE_ALARM = 1e-6
"""Over all rungs together."""


def check_moments(estimator: Estimator, networks: Networks) -> str:
    """The exact mean and variance, on every rung that has them, are those of the rows."""
    known = {name: network for name, network in networks.items() if available(estimator, network)}
    for name, network in known.items():
        rows = ROWS if estimator.random else 8
        why = contradiction(estimator, network, exact_moments(estimator, network), rows, FALSE_ALARM / len(known))
        if why:
            raise AssertionError(f"{name}: the exact moments are not those of the rows: {why}")
    return f"{ROWS} rows agree with the exact mean and variance on {len(known)} networks" if known else "no exact moments are known"
