"""Local reparameterisation: a layer of Bernoulli weights as normal pre-activations."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import Loss, StateFunction
from straightedge.estimators.network.network import Network


@runtime_checkable
class Layered(Protocol):
    """A loss of weights w [.., n] that is the mean loss of a small network with these weights, tanh between its layers."""

    inputs: Tensor
    loss: Loss
    activation: object | None

    def layers(self, w: Tensor) -> list[Tensor]:
        """The weight matrices [.., o, i + 1] of every layer, scaled as they are used, the last column for a constant input 1."""

    def coefficients(self, w: Tensor) -> Tensor:
        """The labels' coefficients of the loss's features."""


@dataclass(frozen=True)
class LocalReparameterization(Estimator):
    """Local reparameterisation (LR-nets): a sum of many Bernoulli weights is nearly normal, and a normal one has a pathwise derivative.

    Every pre-activation is drawn from the normal distribution of the true mean and variance, each data point with noise of its own: no
    state is sampled, and the data points' independent noises leave little variance.  Against it: the normal approximation, a bias that
    falls with the fan-in, and that one draw of the weights no longer serves all the data points.

    By      a = mu x + sqrt(s^2 x^2) e, e ~ Normal(0, 1), mu = E w, s^2 = Var w; differentiated through mu and s^2
    Needs   Bernoulli weights of a layered network whose units are real
    Bias    yes, that of the central limit; none for one layer without output noise whose loss is quadratic in its pre-activations
    Cost    2 forward (means and variances), 2 backward
    Paper   Shayer, Levi, Fetaya 2018, arXiv:1710.07739; Kingma, Salimans, Welling 2015, arXiv:1506.02557
    """

    family: ClassVar[str] = "relaxation"
    marker: ClassVar[str] = "d"
    chain_only: ClassVar[str] = "Bernoulli weights whose layers stand in its loss"

    def check(self, network):
        if layered(network) is None:
            raise Unsuitable("local_reparameterization: it draws pre-activations, so it needs Bernoulli weights of a layered network "
                             "of real units, as the problem binary_weights without Bernoulli activations")

    def __call__(self, network, n, rng):
        self.check(network)
        function = layered(network)
        assert function is not None
        with torch.enable_grad():
            theta = network.theta.detach().expand(n, -1).clone().requires_grad_()
            upper, lower = network.noise.cdf(theta), network.noise.cdf(-theta)
            lo, hi = network.states
            means = function.layers(lo * lower + hi * upper)
            spreads = function.layers((network.span**2 * upper * lower).sqrt())  # as the weights are scaled, so their deviations
            x = function.inputs.to(theta).expand(n, -1, -1)
            for layer, (mean, spread) in enumerate(zip(means, spreads, strict=True)):
                x = x.tanh() if layer else x
                one = torch.cat((x, x.new_ones(*x.shape[:-1], 1)), -1)
                variance = one.square() @ spread.square().mT
                noise = torch.randn(variance.shape, generator=rng, dtype=variance.dtype, device=variance.device)
                x = one @ mean.mT + variance.clamp_min(torch.finfo(variance.dtype).tiny).sqrt() * noise
            network.passes.forward((n,), 2 * 2 * network.widths[0])  # of means and variances, each by the weights and the loss
            network.passes.backward((n,), 2 * network.widths[0])
            value = function.loss(x, function.coefficients(network.theta)).mean(-1)
            return torch.autograd.grad(value.sum(), theta)[0]


def layered(network: Network) -> Layered | None:
    """The layered loss of a vector of Bernoulli weights, None where there is none."""
    if network.depth > 1 or network.inputs.shape[-1] or not isinstance(network.loss, StateFunction):
        return None
    function = network.loss.function
    return function if isinstance(function, Layered) and function.activation is None else None
