"""Exact gradient, exact moments and checks, of a network and of estimators by name."""

from torch import Tensor

from straightedge.analysis.check.conformance import Report, run_checks
from straightedge.analysis.problem.problem import Problem
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.moment.marginal import Moments
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.truth import exact_gradient as gradient_of
from straightedge.estimators.sum.truth import exact_loss as loss_of


def built(network: Network | Problem) -> Network:
    """The network of a problem, or itself."""
    return network.build() if isinstance(network, Problem) else network


def named(estimator: str | Estimator) -> Estimator:
    """The estimator of this name, or itself."""
    return estimator_of(estimator) if isinstance(estimator, str) else estimator


def exact_loss(network: Network | Problem) -> float:
    """The exact expected loss, averaged over the data.  Raises Unsuitable where the tables do not fit in memory."""
    return float(loss_of(built(network)))


def exact_gradient(network: Network | Problem) -> dict[str, Tensor]:
    """Layer name -> the exact gradient of the expected loss by its weights and biases together, [o (i + 1)]: W [o, i] row by row, then b.

    Raises Unsuitable where the tables do not fit in memory, naming the widths that would.
    """
    network = built(network)
    gradient = gradient_of(network)
    return {name: gradient[part] for name, part in network.groups.items()}


def moments(estimator: str | Estimator, network: Network | Problem) -> Moments:
    """The exact mean and variance [d] of one estimate, parameter by parameter.  Raises Unsuitable where they are out of reach."""
    return exact_moments(named(estimator), built(network))


def check(estimator: str | Estimator) -> Report:
    """Whether an estimator keeps its promises, check by check; print it, or see `.failures`."""
    return run_checks(named(estimator))
