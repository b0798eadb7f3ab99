"""Double control variates: leave-one-out REINFORCE with linear control variates from the other samples."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from straightedge.estimators.network.error import InputError
from straightedge.estimators.sampling.forward import mean_of_others
from straightedge.estimators.sampling.learning import LearningEstimator, coefficients
from straightedge.estimators.sampling.peer import Peers, draw
from straightedge.estimators.sampling.sample import Site


@dataclass(frozen=True)
class DoubleCv(LearningEstimator):
    """Double control variates: each sample's loss and its leave-one-out baseline are corrected by a linear term.

    It is <g, x - E x>, g the mean derivative of the loss at the other samples.  In a chain the K samples are K independent trunks and
    the derivatives come down by straight-through; the weight of the corrections is learned for every layer, in closed form.

    By      (f_k + w c_k - mean of the others' (f + w c)) d log P(x_k | a) / d a - w g_k span F'(a), c_k = <g_k, x_k - E x>
    Needs   the loss differentiable
    Bias    none, as the weight is learned on other samples
    Cost    `samples` forward and backward
    Paper   Titsias, Shi 2022, arXiv:2111.05300
    """

    family: ClassVar[str] = "control variate"
    marker: ClassVar[str] = "o"
    unbiased: ClassVar[bool] = True
    samples: int = 2
    """Independent samples of one estimate."""

    def __post_init__(self):
        if self.samples < 2:
            raise InputError(f"double_cv: samples = {self.samples} is too few; expected at least 2")

    def control(self, site: Site, peers: Peers) -> Tensor:
        """The deltas that the corrections add, for weight one; zero in the mean."""
        mean = site.states[0] + site.span * site.noise.cdf(peers.a)
        linear = (peers.slope * (peers.x - mean)).sum(-1)
        centred = (linear - mean_of_others(linear)).unsqueeze(-1)
        return centred * peers.score - peers.slope * site.span * site.noise.density(peers.a)

    def learn(self, network, n, rng):
        """The weight of every layer."""
        sample, layers = draw(network, max(1, n // self.samples), self.samples, rng)
        return [-coefficients(peers.below, peers.main, [self.control(site, peers)])[0]
                for site, peers in zip(sample.sites, layers, strict=True)]

    def __call__(self, network, n, rng):
        sample, layers = draw(network, n, self.samples, rng)
        deltas = [peers.main + weight * self.control(site, peers)
                  for site, peers, weight in zip(sample.sites, layers, self.learned(network), strict=True)]
        return sample.rows(deltas)
