"""RELAX: REBAR with a learned network in its control variate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from straightedge.estimators.network.network import Network
from straightedge.estimators.network.unit import relaxed, relaxed_slope, require_positive
from straightedge.estimators.rebar import Rebar
from straightedge.estimators.sampling.learning import LearningEstimator, coefficients, initial, minimise, part, share, spread
from straightedge.estimators.sampling.relaxation import Coupling, draw, smoothed


def surrogate(net: Sequence[Tensor], network: Network, coupling: Coupling, tau: float) -> tuple[Tensor, Tensor]:
    """(value [n, 2, b], derivative by a - Z) of a net with one hidden layer of the relaxed states and the label's coefficients."""
    by_state, by_label, bias, out = net
    x = relaxed(coupling.a.unsqueeze(1), coupling.noises, network.noise, tau)
    hidden = torch.tanh(x @ by_state.T + network.coefficients @ by_label.T + bias)
    slope = (out * (1 - hidden.square())) @ by_state
    return hidden @ out, slope * relaxed_slope(coupling.a.unsqueeze(1), coupling.noises, network.noise, tau)


@dataclass(frozen=True)
class Relax(LearningEstimator):
    """RELAX: the control variate of REBAR plus a small neural network of the relaxed states, learned for the least variance.

    In a chain every layer has its own network, on top of the layer's REBAR control.  The networks take Adam steps; the weights
    of both controls are then set in closed form.

    By      as REBAR, with the control w_1 f(x_t) + w_2 r(x_t, label), r the net
    Needs   the loss differentiable, and defined between the states
    Bias    none, as the control is learned on other samples
    Cost    1 forward, and 2 forward and 2 backward from each layer upward; the networks are not counted
    Paper   Grathwohl, Choi, Wu, Roeder, Duvenaud 2018, arXiv:1711.00123
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "D"
    chain_only: ClassVar[str] = "a loss of its outputs, whose coefficients its control learns from"
    unbiased: ClassVar[bool] = True
    hidden: int = 16
    """Hidden units of the networks."""
    learning_steps: int = 100
    """Adam steps; the learning samples are divided between them."""

    def __post_init__(self):
        require_positive("relax", hidden=self.hidden, learning_steps=self.learning_steps)

    def learn(self, network, n, rng):
        """(temperature, net, weights of the two controls) of every layer."""
        rebar = Rebar(learning_seed=self.learning_seed, learning_samples=self.learning_samples).learned(network)

        def controlled() -> Iterator[tuple[Coupling, Tensor]]:
            sample, zs, couplings = draw(network, n, rng)
            for layer, (coupling, (tau, _)) in enumerate(zip(couplings, rebar, strict=True)):
                yield coupling, coupling.control(*smoothed(sample, coupling, zs, layer, tau))

        scale = spread(draw(network, n, rng)[0].value)
        nets = [(tau, self.fit(network, coupling, coupling.main - weight * control, tau, scale, rng))
                for (coupling, control), (tau, weight) in zip(controlled(), rebar, strict=True)]
        return [(tau, net, coefficients(coupling.below, coupling.main,
                                        [control, coupling.control(*surrogate(net, network, coupling, tau))]))
                for (coupling, control), (tau, net) in zip(controlled(), nets, strict=True)]

    def fit(self, network: Network, coupling: Coupling, rest: Tensor, tau: float, scale: Tensor,
            rng: torch.Generator) -> list[Tensor]:
        """The net of one layer whose control leaves the least of `rest`; `scale` is the loss's."""
        labels, h = network.coefficients, self.hidden
        shapes = ((h, rest.shape[-1]), (h, labels.shape[1]), (h,), (h,))
        *net, out = [initial(shape, rng, labels) for shape in shapes]

        def objective(rows: slice) -> Tensor:
            batch = part(coupling, rows)
            control = batch.control(*surrogate((*net, scale * out), network, batch, tau))
            return share(batch.below, rest[rows] - control, batch.main)

        minimise([*net, out], objective, len(rest), self.learning_steps)
        return [*(parameter.detach() for parameter in net), scale * out.detach()]

    def __call__(self, network, n, rng):
        sample, zs, couplings = draw(network, n, rng)
        deltas = []
        for layer, (coupling, (tau, net, (first, second))) in enumerate(zip(couplings, self.learned(network), strict=True)):
            value, derivative = smoothed(sample, coupling, zs, layer, tau)
            added, added_derivative = surrogate(net, network, coupling, tau)
            control = coupling.control(first * value + second * added, first * derivative + second * added_derivative)
            deltas.append(coupling.main - control)
        return sample.rows(deltas)
