"""The only file here that knows the package: plain arrays in, numpy arrays out."""

import numpy as np
import torch

from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import Network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sum.expectation import exact_gradient
from witness.network import Plain


def network(net: Plain, dtype: torch.dtype = torch.float64) -> Network:
    """The package's network."""
    def tensor(array):
        return torch.tensor(np.asarray(array), dtype=dtype)

    labels = torch.tensor(np.asarray(net.Y))
    return Network.of([tensor(part) for part in net.weights], [tensor(part) for part in net.biases], tensor(net.X),
                      labels.to(dtype) if net.loss == "squared_error" else labels, LOSSES[net.loss], NOISES[net.noise], net.states)


def gradient(net: Plain, single: bool = False) -> np.ndarray:
    """The package's exact gradient [d]; in float32 where `single`."""
    return exact_gradient(network(net, torch.float32 if single else torch.float64)).double().numpy()


def moments(name: str, net: Plain) -> tuple[np.ndarray, np.ndarray]:
    """(mean [d], variance [d]) of a row of the estimator `name:option=value,..`, as the package finds them without sampling."""
    found = exact_moments(estimator_of(name), network(net))
    return found.mean.numpy(), found.variance.numpy()


def rows(name: str, net: Plain, n: int, seed: int = 0) -> np.ndarray:
    """[n, d]: sampled rows of the same estimator."""
    return estimator_of(name)(network(net), n, torch.Generator().manual_seed(seed)).numpy()
