"""The exact gradient of any kind of network: of a chain layer by layer; other kinds register how they find theirs."""

from functools import singledispatch

from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.sum import cost, expectation
from straightedge.estimators.sum.cost import Cost


@singledispatch
def exact_gradient(network: Network) -> Float[Tensor, " d"]:
    """The exact gradient of the expected loss."""
    return expectation.exact_gradient(network)


@singledispatch
def exact_loss(network: Network) -> Float[Tensor, ""]:
    """The exact expected loss, averaged over the data."""
    return expectation.exact_loss(network)


@singledispatch
def exact_cost(network: Network) -> Cost:
    """What the exact gradient takes, known before it starts."""
    return cost.exact_cost(network)


@singledispatch
def require_exact(network: Network) -> None:
    """Raises Unsuitable where the exact gradient is out of reach, saying what would be in reach."""
    cost.require_exact(network)
