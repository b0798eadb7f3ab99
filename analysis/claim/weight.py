"""Claims about Bernoulli weights and their latent weights; the steps are held against minima found by their derivatives' signs."""

import torch
from scipy.optimize import brentq

from straightedge.analysis.claim.evidence import moments_of, rows
from straightedge.analysis.claim.ledger import Finding, claim, decided, said
from straightedge.analysis.problem.choice import NoiseName
from straightedge.analysis.problem.function import Polynomial, vector
from straightedge.estimators.bayesbinn import Bayesbinn
from straightedge.estimators.identity import Identity
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sum.expectation import exact_gradient

STEP, DECAY = 0.3, 0.7
TIGHT = 1e-12


def divergence(p, q):
    """KL of two Bernoulli laws."""
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()


def steps(noise: NoiseName):
    """(latent weights, their law, exact d E / d p, twice the identity's mean) of a random multi-affine loss of 4 weights."""
    network = Polynomial(4, 4, noise=noise, scale=0.4, seed=3).build()
    p, rho = network.noise.cdf(network.theta), network.noise.density(network.theta)
    return network.theta, p, exact_gradient(network) / rho, 2 * moments_of(Identity(), network).mean


def minimum(objective, low: float = 1e-9, high: float = 1 - 1e-9) -> float:
    """The minimiser of a convex function of one probability, where autograd's derivative changes its sign."""
    def slope(p: float) -> float:
        point = torch.tensor(p, dtype=torch.float64, requires_grad=True)
        return float(torch.autograd.grad(objective(point), point)[0])

    if slope(low) >= 0 or slope(high) <= 0:
        return low if slope(low) >= 0 else high
    return brentq(slope, low, high, xtol=1e-15, rtol=1e-15)


@claim(Identity)
def mirror_descent() -> Finding:
    """Gradient steps on latent weights with the identity are mirror descent on the probabilities; with logistic noise its
    divergence is KL.  Stands SEED, on latent weights"""
    eta, p, g, identity = steps("logistic")
    mirror = [minimum(lambda r, i=i: g[i] * r + divergence(r, p[i]) / STEP) for i in range(len(p))]
    gap = float((torch.sigmoid(eta - STEP * identity) - torch.tensor(mirror, dtype=torch.float64)).abs().max())
    return decided(gap < TIGHT, "largest difference of a probability from the minimiser of the mirror step, found numerically", gap)


@claim(Identity)
def weight_decay() -> Finding:
    """A penalty lambda KL(p || 1/2) in the mirror step is weight decay: eta+ = (eta - step g) / (1 + step lambda).
    Stands SEED, on latent weights"""
    eta, p, g, identity = steps("logistic")
    half = torch.tensor(0.5, dtype=torch.float64)
    mirror = [minimum(lambda r, i=i: g[i] * r + divergence(r, p[i]) / STEP + DECAY * divergence(r, half)) for i in range(len(p))]
    gap = float((torch.sigmoid((eta - STEP * identity) / (1 + STEP * DECAY)) - torch.tensor(mirror, dtype=torch.float64)).abs().max())
    return decided(gap < TIGHT, "largest difference of a probability from the minimiser, found numerically", gap)


@claim(Identity)
def projection() -> Finding:
    """With uniform noise the mirror step is a gradient step and a projection of the latent weights to [-1, 1], as in
    BinaryConnect.  Stands SEED, on latent weights"""
    eta, p, g, identity = steps("uniform")
    step = 2.0  # long enough for the bounds to matter
    mirror = torch.tensor([minimum(lambda r, i=i: g[i] * r + (r - p[i]).square() / step, 0.0, 1.0) for i in range(len(p))],
                          dtype=torch.float64)
    found = NOISES["uniform"].cdf((eta - step * identity).clamp(-1, 1))
    gap, clipped = float((found - mirror).abs().max()), int(((found == 0) | (found == 1)).sum())
    return decided(gap < TIGHT and clipped > 0, f"largest difference of a probability from the constrained minimiser; {clipped} of "
                   f"{len(p)} at a bound", gap)


@claim(Bayesbinn)
def bayesbinn_saturates() -> Finding:
    """At its published constants BayesBiNN's relaxation is never seen: w is -1 or +1 and its factor is 1 / (1 - mu²).
    Stands TRADEOFFS, on BayesBiNN"""
    rule, noise, a = Bayesbinn(1e-10, 1e-10), NOISES["logistic2"], torch.linspace(-3, 3, 13, dtype=torch.float64)
    factor = rows(rule, vector(a, lambda w: w.sum(-1), "logistic2"), 100_000)
    u = torch.rand(factor.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    seen = int((rule.unit(a.expand_as(u), u, noise).abs() < 1).sum())
    gap = float((factor * (1 - a.tanh().square()) - 1).abs().median())
    return decided(seen < 1e-4 * u.numel() and gap < 1e-6, f"relaxed weights inside (-1, 1), of {u.numel()} draws; median relative "
                   f"difference of the factor {said(gap)}", seen, max(seen, 1) ** 0.5)
