"""Double control variates: leave-one-out REINFORCE with linear control variates from the other samples."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.forward import estimate_rows, mean_of_others
from straightedge.estimators.sampling.learning import LearningEstimator, coefficients
from straightedge.estimators.sampling.peer import Peers, draw


@dataclass(frozen=True)
class DoubleCv(LearningEstimator):
    """Double control variates: each sample's loss and its leave-one-out baseline are corrected by the linear term
    <g, x - E x>, g the mean derivative of the loss at the other samples.

    In a chain the K samples are K independent trunks and the derivatives come down by straight-through; the weight of the
    corrections is learned for every layer, in closed form.

    By      (f_k + w c_k - mean of the others' (f + w c)) d log P(x_k | a) / d a - w g_k span F'(a), c_k = <g_k, x_k - E x>
    Needs   the loss differentiable
    Bias    none, as the weight is learned on other samples
    Cost    `samples` forward and backward
    Paper   Titsias, Shi 2022, arXiv:2111.05300
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "o"
    chain_only: ClassVar[str] = "the derivatives by the states of its layers"
    unbiased: ClassVar[bool] = True
    samples: int = 2
    """Independent samples of one estimate."""

    def __post_init__(self):
        if self.samples < 2:
            raise InputError(f"double_cv: samples = {self.samples} is too few; expected at least 2")

    def control(self, network: Network, peers: Peers) -> Tensor:
        """The deltas that the corrections add, for weight one; zero in the mean."""
        mean = network.states[0] + network.span * network.noise.cdf(peers.a)
        linear = (peers.slope * (peers.x - mean)).sum(-1)
        centred = (linear - mean_of_others(linear)).unsqueeze(-1)
        return centred * peers.score - peers.slope * network.span * network.noise.density(peers.a)

    def learn(self, network, n, rng):
        """The weight of every layer."""
        _, _, layers = draw(network, max(1, n // self.samples), self.samples, rng)
        return [-coefficients(peers.below, peers.main, [self.control(network, peers)])[0] for peers in layers]

    def __call__(self, network, n, rng):
        states, slope, layers = draw(network, n, self.samples, rng)
        deltas = [peers.main + weight * self.control(network, peers)
                  for peers, weight in zip(layers, self.learned(network), strict=True)]
        return estimate_rows(network, states, deltas, slope)
