"""RODEO: leave-one-out REINFORCE with control variates from a discrete Stein operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.unit import require_positive
from straightedge.estimators.sampling.block import slices
from straightedge.estimators.sampling.forward import mean_of_others
from straightedge.estimators.sampling.learning import LearningEstimator, coefficients, initial, minimise, part, share, spread
from straightedge.estimators.sampling.peer import Peers, draw
from straightedge.estimators.sampling.sample import Site
from straightedge.estimators.sampling.stein import stein


def controls(site: Site, peers: Peers, net: Sequence[Tensor], scale: Tensor) -> list[Tensor]:
    """The two controls, zero in the mean: the others' A h, which joins their baseline, and A (h' d log P / d a) itself.

    h and h' are functions of the linear prediction of the loss from the others' derivatives, and of the others' mean loss."""
    by_linear, by_value, bias, out = net
    base = (peers.value / scale)[..., None, None] * by_value + bias

    def h(product: Tensor) -> tuple[Tensor, Tensor]:
        linear = (product - peers.product.unsqueeze(-1)) / scale
        both = scale * (F.leaky_relu(linear.unsqueeze(-1) * by_linear + base, 0.3) @ out.T)
        return both[..., 0], both[..., 1]

    baseline, direct = stein(site, peers.a, peers.x, peers.score, peers.slope, h)
    return [mean_of_others(baseline).unsqueeze(-1) * peers.score, direct]


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
    marker: ClassVar[str] = "P"
    unbiased: ClassVar[bool] = True
    samples: int = 2
    """Independent samples of one estimate."""
    hidden: int = 16
    """Hidden units of the networks."""
    learning_steps: int = 100
    """Adam steps; the learning samples are divided between them."""

    def __post_init__(self):
        if self.samples < 2:
            raise InputError(f"rodeo: samples = {self.samples} is too few; expected at least 2")
        require_positive("rodeo", hidden=self.hidden, learning_steps=self.learning_steps)

    def learn(self, network, n, rng):
        """(scale of the loss, net, weights of the two controls) of every layer."""
        n = max(1, n // self.samples)
        sample, layers = draw(network, n, self.samples, rng)
        scale = spread(sample.value)
        nets = [self.fit(site, peers, scale, rng) for site, peers in zip(sample.sites, layers, strict=True)]
        sample, layers = draw(network, n, self.samples, rng)
        return [(scale, net, coefficients(peers.below, peers.main, controls(site, peers, net, scale)))
                for site, peers, net in zip(sample.sites, layers, nets, strict=True)]

    def fit(self, site: Site, peers: Peers, scale: Tensor, rng: torch.Generator) -> list[Tensor]:
        """The net of one layer whose controls leave the least variance."""
        net = [initial(shape, rng, peers.a) for shape in ((self.hidden,), (self.hidden,), (self.hidden,), (2, self.hidden))]

        def objective(rows: slice) -> Tensor:
            batch = part(peers, rows)
            return share(batch.below, batch.main - sum(controls(site, batch, net, scale)), batch.main)

        minimise(net, objective, len(peers.a), self.learning_steps)
        return [parameter.detach() for parameter in net]

    def __call__(self, network, n, rng):
        sample, layers = draw(network, n, self.samples, rng)
        deltas = []
        for site, peers, (scale, net, weights) in zip(sample.sites, layers, self.learned(network), strict=True):
            size = peers.a[0].numel() * self.hidden * peers.a.element_size()
            batches = [part(peers, rows) for rows in slices(n, size, peers.a.device)]
            both = [controls(site, batch, net, scale) for batch in batches]
            deltas.append(torch.cat([batch.main - weights[0] * baseline - weights[1] * direct
                                     for batch, (baseline, direct) in zip(batches, both, strict=True)]))
        return sample.rows(deltas)
