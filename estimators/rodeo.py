"""RODEO: leave-one-out REINFORCE with control variates from a discrete Stein operator."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from estimators.double_cv import Peers, draw
from estimators.error import InputError
from estimators.flip import flip
from estimators.learning import LearningEstimator, coefficients, initial, minimise, share
from estimators.network import Network
from estimators.sample import gradient, mean_of_others


def surrogate(net: list[Tensor], linear: Tensor, value: Tensor) -> Tensor:
    """Two functions [.., 2] of the loss's linear prediction and of the others' mean loss."""
    by_linear, by_value, bias, out = net
    return F.leaky_relu(linear.unsqueeze(-1) * by_linear + value.unsqueeze(-1) * by_value + bias, 0.3) @ out.T


def stein(network: Network, peers: Peers, net: list[Tensor], scale: Tensor) -> list[Tensor]:
    """The two controls, zero in the mean: A h in the others' baseline and A (h' d log P / d a) for the estimate itself.

    A h(x) = mean over units i of P(x_i flips) (h(x with i flipped) - h(x)) is the Gibbs sampler's operator: E A h = 0."""
    step, noise = flip(network, peers.x), network.noise
    upper = step < 0
    change = noise.cdf(torch.where(upper, -peers.a, peers.a))
    linear = ((peers.slope * peers.x).sum(-1) - peers.product) / scale
    value = (peers.value / scale).unsqueeze(-1)
    here = surrogate(net, linear.unsqueeze(-1), value)
    there = surrogate(net, linear.unsqueeze(-1) + peers.slope * step / scale, value)
    baseline, direct = (change.unsqueeze(-1) * (there - here)).mean(-2).unbind(-1)
    moved = change * there[..., 1] * (noise.score(peers.a, ~upper) - peers.score) / change.shape[-1]
    return [scale * mean_of_others(baseline).unsqueeze(-1) * peers.score,
            scale * (direct.unsqueeze(-1) * peers.score + moved)]


@dataclass(frozen=True)
class Rodeo(LearningEstimator):
    """RODEO: control variates A h of a discrete Stein operator A, whose mean is zero for every function h.

    h and h' are the outputs of a small neural network of the loss's linear prediction from the other samples; no further
    evaluation of the loss is needed.  In a chain the samples are independent trunks, the derivatives come down by
    straight-through, and every layer has its own network.  The networks take Adam steps; their weights are then set in closed form.

    By      leave-one-out REINFORCE - w_1 (mean of the others' A h) d log P(x | a) / d a - w_2 A (h' d log P(x | a) / d a)
    Needs   the loss differentiable
    Bias    none, as the networks are learned on other samples
    Cost    `samples` forward and backward; the networks are not counted
    Paper   Shi, Zhou, Hwang, Titsias, Mackey 2022, arXiv:2202.09497
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "v"
    unbiased: ClassVar[bool] = True
    samples: int = 2
    """Independent samples of one estimate."""
    hidden: int = 16
    """Hidden units of the networks."""
    learning_steps: int = 200
    """Adam steps; the learning samples are divided between them."""

    def __post_init__(self):
        if self.samples < 2:
            raise InputError(f"rodeo: samples = {self.samples} is too few; expected at least 2")

    def learn(self, network, n, rng):
        """(scale of the loss, network, weights of the two controls) of every layer."""
        n = max(1, n // self.samples)
        states = draw(network, n, self.samples, rng)[0]
        value = network.value(network.output(states[-1]))
        scale = value.std() + 1e-6 * value.abs().mean() + 1e-30  # a constant loss has no scale of its own
        shapes = ((self.hidden,), (self.hidden,), (self.hidden,), (2, self.hidden))
        nets = [[initial(shape, rng, network.theta) for shape in shapes] for _ in network.widths]

        def objective():
            layers = draw(network, max(1, n // self.learning_steps), self.samples, rng)[2]
            return sum(share(peers.below, peers.main - sum(stein(network, peers, net, scale)), peers.main)
                       for peers, net in zip(layers, nets, strict=True))

        minimise([parameter for net in nets for parameter in net], objective, self.learning_steps)
        nets = [[parameter.detach() for parameter in net] for net in nets]
        layers = draw(network, n, self.samples, rng)[2]
        return [(scale, net, coefficients(peers.below, peers.main, stein(network, peers, net, scale)))
                for peers, net in zip(layers, nets, strict=True)]

    def __call__(self, network, n, rng):
        states, slope, layers = draw(network, n, self.samples, rng)
        deltas = []
        for peers, (scale, net, weights) in zip(layers, self.learned(network), strict=True):
            controls = stein(network, peers, net, scale)
            deltas.append(peers.main - sum(weight * control for weight, control in zip(weights, controls, strict=True)))
        return gradient(network, states, deltas, slope)
