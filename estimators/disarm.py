"""DisARM: ARM with its uniform integrated out."""

from dataclasses import dataclass
from typing import ClassVar

from straightedge.estimators.arm import contrasts
from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.pair import PairPlan, disarm_pairing
from straightedge.estimators.sampling.forward import Coupling
from straightedge.estimators.sampling.sample import draw


@dataclass(frozen=True)
class Disarm(Estimator):
    """DisARM (U2G): ARM averaged over the uniforms that give the same pair of antithetic states.

    In a chain every layer has its own pair, followed upward with common uniforms unless `coupling` says otherwise.

    Also known as U2G; CARMS of two categories is `arms`.

    By      1/2 (f(x) - f(x')) ([x is hi] - [x' is hi]) F'(a) / min(p, 1 - p), x' the antithetic state
    Needs   nothing of the loss but its value
    Bias    none; variance never above ARM's; one unit with a = 0: no variance
    Cost    1 forward, and one more from each layer upward
    Paper   Dong, Mnih, Tucker 2020, arXiv:2006.10680; Yin, Ho, Yan, Qian, Zhou 2020, arXiv:2006.06448
    """

    family: ClassVar[str] = "antithetic"
    marker: ClassVar[str] = "v"
    unbiased: ClassVar[bool] = True
    coupling: Coupling = "common"
    """How the layers above the compared states are sampled: with common uniforms, which lowers the variance, or independently, as the
    estimator was first used in networks of several layers."""

    def __call__(self, network, n, rng):
        us, deltas = network.uniform(rng, n), []
        sample = draw(network, us)
        for site, contrast in zip(sample.sites, contrasts(sample, us, self.coupling, rng), strict=True):
            p, q = site.noise.cdf(site.a), site.noise.cdf(-site.a)
            differ = (site.u < p).to(p) - (site.u > q).to(p)
            scale = site.noise.score(site.a, site.a < 0).abs()  # F'(a) / min(p, 1 - p)
            deltas.append(-0.5 * contrast * differ * scale)
        return sample.rows(deltas)

    def plan(self, network):
        """The plan of its exact moments."""
        return PairPlan(network, disarm_pairing, self.coupling)
