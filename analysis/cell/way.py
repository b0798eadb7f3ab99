"""How an estimator is measured where a study wants exact numbers: exactly if it can be, else by samples."""

from straightedge.analysis.cell.choice import Method
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.exact import available


def way(problem: Problem, estimator: Estimator) -> Method:
    """`exact` where the estimator has exact moments on this problem's network, else `sampled`."""
    return "exact" if available(estimator, problem.build()) else "sampled"
