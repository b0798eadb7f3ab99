"""ARMS: antithetic REINFORCE with multiple samples."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.network.error import InputError
from straightedge.estimators.sampling.forward import Coupling, uniforms_above
from straightedge.estimators.sampling.sample import draw


def dirichlet_copula(t: Float[Tensor, "n b i"], samples: int, rng: torch.Generator) -> Float[Tensor, "n k b i"]:
    """The other K - 1 of K mutually antithetic uniforms (1 - d_k)^(K - 1), d ~ Dirichlet(1, .., 1), of which t is the first."""
    n, *units = t.shape
    share = torch.rand(n, samples - 1, *units, generator=rng, dtype=t.dtype, device=t.device)
    share = -torch.log(share.clamp_min(torch.finfo(t.dtype).tiny))
    share = share / share.sum(1, keepdim=True)
    return (1 - t.pow(1 / (samples - 1)).unsqueeze(1) * share).pow(samples - 1)


def both_low(q: Tensor, samples: int) -> Tensor:
    """The probability that two of these uniforms are below q."""
    return (2 * q.pow(1 / (samples - 1)) - 1).clamp_min(0).pow(samples - 1)


@dataclass(frozen=True)
class Arms(Estimator):
    """ARMS: leave-one-out REINFORCE on mutually antithetic samples, rescaled for their correlation.

    The uniforms come from a Dirichlet copula, mirrored where p > 1/2 as in the paper's code.  In a chain every layer has its
    own samples, the trunk's state among them, followed upward with common uniforms.

    By      1 / (K - 1) sum_k (f_k - mean f) [x_k is hi] F'(a) / (p - P(x_j and x_k are hi))
    Needs   nothing of the loss but its value
    Bias    none; two samples are DisARM
    Cost    1 forward, and `samples` - 1 more from each layer upward
    Paper   Dimitriev, Zhou 2021, arXiv:2105.14141
    """

    family: ClassVar[str] = "antithetic"
    marker: ClassVar[str] = "s"
    unbiased: ClassVar[bool] = True
    samples: int = 4
    """Antithetic samples of every layer."""
    coupling: Coupling = "common"
    """How the layers above the compared states are sampled: with common uniforms, which lowers the variance, or independently, as the
    estimator was first used in networks of several layers."""

    def __post_init__(self):
        if self.samples < 2:
            raise InputError(f"arms: samples = {self.samples} is too few; expected at least 2")

    def __call__(self, network, n, rng):
        us = network.uniform(rng, n)
        sample, deltas = draw(network, us), []
        for index, site in enumerate(sample.sites):
            p, q = site.noise.cdf(site.a), site.noise.cdf(-site.a)
            mirrored, tail = p > q, torch.minimum(p, q)
            t = dirichlet_copula(torch.where(mirrored, 1 - site.u, site.u), self.samples, rng)
            upper = (t < tail.unsqueeze(1)) ^ mirrored.unsqueeze(1)
            upper = torch.cat(((site.u < p).unsqueeze(1), upper), 1)
            above = us if self.coupling == "common" else [u.unsqueeze(1).expand(-1, self.samples - 1, -1, -1) for u in us]
            values = sample.replay(index, site.encode(upper[:, 1:]), uniforms_above(above, self.coupling, rng))
            values = torch.cat((sample.value.unsqueeze(1), values), 1)
            centred = (values - values.mean(1, keepdim=True)).unsqueeze(-1)
            apart = tail - both_low(tail, self.samples)
            scale = torch.where(apart > 0, site.noise.density(site.a) / apart.clamp_min(1e-300), 0.0)
            deltas.append((centred * upper).sum(1) / (self.samples - 1) * scale)
        return sample.rows(deltas)
