"""Claims about Bernoulli weights, their latent weights, and relaxations; the steps are held against numerical minimisation."""

import torch
from scipy.optimize import minimize_scalar

from straightedge.analysis.claim.ledger import Finding, decided
from straightedge.analysis.problem.function import Polynomial
from straightedge.estimators.bayesbinn import bayesbinn
from straightedge.estimators.identity import Identity
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.noise import LOGISTIC, NOISES
from straightedge.estimators.sum.expectation import exact_gradient

STEP, DECAY = 0.3, 0.7
TIGHT = 1e-5


def divergence(p, q):
    """KL of two Bernoulli laws."""
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()


def steps(noise: str):
    """(latent weights, their law, exact d E / d p, twice the identity's mean) of a random multi-affine loss of 4 weights."""
    network = Polynomial(4, 4, noise=noise, scale=0.4, seed=3).build()
    p, rho = network.noise.cdf(network.theta), network.noise.density(network.theta)
    return network.theta, p, exact_gradient(network) / rho, 2 * exact_moments(Identity(), network).mean


def minimum(objective, low: float = 1e-9, high: float = 1 - 1e-9) -> float:
    """The minimiser of a convex function of one probability."""
    return float(minimize_scalar(lambda p: float(objective(torch.tensor(p, dtype=torch.float64))), bounds=(low, high),
                                 method="bounded", options={"xatol": 1e-11}).x)


def mirror_descent() -> Finding:
    """Gradient steps on latent weights with the identity are mirror descent on the probabilities; with logistic noise its
    divergence is KL.  Stands SEED, on latent weights"""
    eta, p, g, identity = steps("logistic")
    mirror = [minimum(lambda r, i=i: g[i] * r + divergence(r, p[i]) / STEP) for i in range(len(p))]
    gap = float((torch.sigmoid(eta - STEP * identity) - torch.tensor(mirror)).abs().max())
    return decided(gap < TIGHT, "largest difference of a probability from the minimiser of the mirror step, found numerically", gap)


def weight_decay() -> Finding:
    """A penalty lambda KL(p || 1/2) in the mirror step is weight decay: eta+ = (eta - step g) / (1 + step lambda).
    Stands SEED, on latent weights"""
    eta, p, g, identity = steps("logistic")
    half = torch.tensor(0.5, dtype=torch.float64)
    mirror = [minimum(lambda r, i=i: g[i] * r + divergence(r, p[i]) / STEP + DECAY * divergence(r, half)) for i in range(len(p))]
    gap = float((torch.sigmoid((eta - STEP * identity) / (1 + STEP * DECAY)) - torch.tensor(mirror)).abs().max())
    return decided(gap < TIGHT, "largest difference of a probability from the minimiser, found numerically", gap)


def projection() -> Finding:
    """With uniform noise the mirror step is a gradient step and a projection of the latent weights to [-1, 1], as in
    BinaryConnect.  Stands SEED, on latent weights"""
    eta, p, g, identity = steps("uniform")
    step = 2.0  # long enough for the bounds to matter
    mirror = torch.tensor([minimum(lambda r, i=i: g[i] * r + (r - p[i]).square() / step, 0.0, 1.0) for i in range(len(p))])
    found = NOISES["uniform"].cdf((eta - step * identity).clamp(-1, 1))
    gap, clipped = float((found - mirror).abs().max()), int(((found == 0) | (found == 1)).sum())
    return decided(gap < TIGHT and clipped > 0, f"largest difference of a probability from the constrained minimiser; {clipped} of "
                   f"{len(p)} at a bound", gap)


def bayesbinn_saturates() -> Finding:
    """At its published constants BayesBiNN's relaxation is never seen: w is -1 or +1 and its factor is 1 / (1 - mu²).
    Stands SEED, on BayesBiNN"""
    a = torch.linspace(-3, 3, 13, dtype=torch.float64).expand(100_000, -1).clone().requires_grad_()
    u = torch.rand(a.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noise = NOISES["logistic2"]
    w = bayesbinn(a, u, noise, 1e-10, 1e-10)
    factor, = torch.autograd.grad(w.sum(), a)
    seen = float((w.detach().abs() < 1).double().mean())
    gap = float((factor * (1 - a.detach().tanh().square()) - 1).abs().median())
    return decided(seen < 1e-4 and gap < 1e-6, f"share of relaxed weights inside (-1, 1), {a.numel()} draws; median difference of "
                   f"the factor {gap:.1g}", seen, max(seen, 1 / a.numel()) ** 0.5 / a.numel() ** 0.5)


def relaxed_moments(tau: float, slope) -> tuple[float, float]:
    """(mean, second moment) of Gumbel-softmax's derivative by a = 0.7 for a loss of one bit: integrals over t, z = a - tau t."""
    t = torch.linspace(-45, 45, 20001, dtype=torch.float64)
    state, step = torch.sigmoid(t), float(t[1] - t[0])
    value = slope(state) * state * (1 - state)
    density = LOGISTIC.density(0.7 - tau * t)
    return float((value * density).sum() * step), float((value.square() * density).sum() * step / tau)


def order(slope, truth: float) -> float:
    """The exponent of tau in the bias of Gumbel-softmax, from tau 0.02 to 0.01."""
    first, second = (abs(relaxed_moments(tau, slope)[0] - truth) for tau in (0.02, 0.01))
    return float(torch.tensor(first / second).log2())


RHO = float(LOGISTIC.density(torch.tensor(0.7, dtype=torch.float64)))


def tau_bias() -> Finding:
    """The bias of Gumbel-softmax is O(tau).  Stands Shekhovtsov 2023; SEED, on relaxations"""
    found = order(lambda s: 2 * s, RHO)
    return decided(abs(found - 1) < 0.05, "exponent of tau in the bias for b², one unit, by quadrature", found)


def tau_bias_linear() -> Finding:
    """For a linear loss it is O(tau²).  Stands Shekhovtsov 2023"""
    found = order(torch.ones_like, RHO)
    return decided(abs(found - 2) < 0.05, "exponent of tau in the bias for b, one unit, by quadrature", found)


def tau_variance() -> Finding:
    """For a linear loss tau times the variance tends to rho f'² / 6.  Stands Shekhovtsov 2023"""
    mean, square = relaxed_moments(1e-4, torch.ones_like)
    ratio = 1e-4 * (square - mean**2) / (RHO / 6)
    return decided(abs(ratio - 1) < 0.01, "the ratio of both at tau = 0.0001, one unit, by quadrature", ratio)


def tau_depth() -> Finding:
    """Through L layers, the chance that the gradient is not negligible falls like tau^L.  Stands SEED, on relaxations"""
    rng, n, tau = torch.Generator().manual_seed(0), 2_000_000, 0.02
    exponents = []
    for layers in (1, 2):
        chances = []
        for temperature in (tau, tau / 2):
            x, product = torch.full((n,), 0.3, dtype=torch.float64), torch.ones(n, dtype=torch.float64)
            for _ in range(layers):
                x = torch.sigmoid((x - LOGISTIC.quantile(torch.rand(n, generator=rng, dtype=torch.float64))) / temperature)
                product *= x * (1 - x) / temperature
            chances.append(float((product > 1e-3).double().mean()))
        error = (sum((1 - chance) / chance / n for chance in chances)) ** 0.5 / 0.693
        exponents.append((float(torch.tensor(chances[0] / chances[1]).log2()), error))
    (one, _), (two, error) = exponents
    return decided(abs(one - 1) < 0.2 and abs(two - 2) < 0.4, f"exponent of tau for two layers, from tau {tau} to {tau / 2}; one layer "
                   f"{one:.2f}; threshold 0.001", two, error, only_if="tau is small: the exponents come up to L slowly, from below")
