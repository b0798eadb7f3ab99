"""RELAX: REBAR with a learned network in its control variate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from estimators.learning import LearningEstimator, coefficients, initial, minimise, share
from estimators.network import Network
from estimators.rebar import Rebar
from estimators.relaxation import Coupling, draw, smoothed
from estimators.sample import gradient
from estimators.unit import relaxed, relaxed_slope


def surrogate(net: Sequence[Tensor], network: Network, part: Coupling, tau: float) -> tuple[Tensor, Tensor]:
    """(value [2, n, b], derivative by a - Z) of a net with one hidden layer of the relaxed states and the label's coefficients."""
    by_state, by_label, bias, out = net
    x = relaxed(part.a, part.noises, network.noise, tau)
    hidden = torch.tanh(x @ by_state.T + network.coefficients @ by_label.T + bias)
    slope = (out * (1 - hidden.square())) @ by_state
    return hidden @ out, slope * relaxed_slope(part.a, part.noises, network.noise, tau)


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
    unbiased: ClassVar[bool] = True
    hidden: int = 16
    """Hidden units of the networks."""
    learning_steps: int = 200
    """Adam steps; the learning samples are divided between them."""

    def learn(self, network, n, rng):
        """(temperature, net, weights of the two controls) of every layer."""
        rebar = Rebar(learning_seed=self.learning_seed, learning_samples=self.learning_samples).learned(network)
        scale = network.value(network.output(draw(network, n, rng)[0][-1])).std()
        labels, h = network.coefficients, self.hidden
        raw = [[initial(shape, rng, labels) for shape in ((h, width), (h, labels.shape[1]), (h,), (h,))]
               for width in network.widths]

        def controls(rows: int):
            _, _, zs, couplings = draw(network, rows, rng)
            for layer, (part, (*net, out), (tau, weight)) in enumerate(zip(couplings, raw, rebar, strict=True)):
                yield part, weight, [part.control(*smoothed(network, part, zs, layer, tau)),
                                     part.control(*surrogate((*net, scale * out), network, part, tau))]

        def objective():
            parts = controls(max(1, n // self.learning_steps))
            return sum(share(part.below, part.main - weight * first - second, part.main) for part, weight, (first, second) in parts)

        minimise([parameter for net in raw for parameter in net], objective, self.learning_steps)
        with torch.no_grad():
            weights = [coefficients(part.below, part.main, both) for part, _, both in controls(n)]
        return [(tau, [*(parameter.detach() for parameter in net), scale * out.detach()], pair)
                for (tau, _), (*net, out), pair in zip(rebar, raw, weights, strict=True)]

    def __call__(self, network, n, rng):
        states, slope, zs, couplings = draw(network, n, rng)
        deltas = []
        for layer, (part, (tau, net, (first, second))) in enumerate(zip(couplings, self.learned(network), strict=True)):
            value, derivative = smoothed(network, part, zs, layer, tau)
            added, added_derivative = surrogate(net, network, part, tau)
            control = part.control(first * value + second * added, first * derivative + second * added_derivative)
            deltas.append(part.main - control)
        return gradient(network, states, deltas, slope)
