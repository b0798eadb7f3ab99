"""Claims about one layer of units: for which losses its estimators are right, and by how much they are wrong elsewhere."""

import numpy as np
import torch

from straightedge.analysis.claim.evidence import apart, held, moments_of, relative, relative_bias, rows, worst
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided, said
from straightedge.analysis.problem.choice import NOISE_NAMES, States
from straightedge.analysis.problem.function import Polynomial, vector
from straightedge.estimators.approx_sign import ApproxSign
from straightedge.estimators.base import Rule, chain_rows
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.darn import Darn
from straightedge.estimators.foust import Foust
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.network.network import Network
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tanh_proxy import TanhProxy

ENCODINGS: tuple[States, ...] = ("01", "+-1")
LOGITS = torch.linspace(-2.0, 2.3, 12, dtype=torch.float64)
MULTI_AFFINE = tuple(Polynomial(5, 5, noise=noise, states=states, scale=0.5, seed=seed)
                     for noise in NOISE_NAMES for states in ENCODINGS for seed in range(4))
QUADRATIC = tuple(Polynomial(5, 2, repeated=True, noise=noise, states=states, scale=0.5, seed=seed)
                  for states in ENCODINGS for noise in NOISE_NAMES for seed in range(2))


@claim(StraightThrough)
def multi_affine() -> Finding:
    """Straight-through is unbiased for one layer if the loss is multi-affine in the units.  Stands SEED, on bias"""
    found = worst(StraightThrough(), MULTI_AFFINE)
    return decided(found < ROUNDING, f"largest relative bias over {len(MULTI_AFFINE)} random multi-affine losses of 5 units", found)


@claim(StraightThrough)
def linear_variance() -> Finding:
    """Straight-through has no error at all for one layer with a linear loss.  Stands SEED, on variance"""
    network, other = (Polynomial(5, degree).build() for degree in (1, 2))
    found, bilinear = (apart(rows(StraightThrough(), one), exact_gradient(one)) for one in (network, other))
    return decided(found < ROUNDING < bilinear, "largest difference of a row from the gradient, relative, 256 rows, 5 units; "
                   f"{bilinear:.2g} with products of two units", found)


@claim(MeanField)
def mean_field_multi_affine() -> Finding:
    """Passing the mean of one layer in place of its sample is exact for multi-affine losses.  Stands SEED, on bias"""
    found = worst(MeanField(), MULTI_AFFINE)
    return decided(found < ROUNDING, f"largest relative bias over {len(MULTI_AFFINE)} random multi-affine losses", found)


@claim(StraightThrough)
def quadratic_bias() -> Finding:
    """For a loss c b²/2 of one bit, straight-through's bias is rho c (p - 1/2).  Stands SEED, on bias"""
    network = vector(LOGITS, lambda b: 1.7 * b.square().sum(-1) / 2, states="01")
    bias = moments_of(StraightThrough(), network).mean - exact_gradient(network)
    p = torch.sigmoid(LOGITS)
    difference = apart(bias, p * (1 - p) * 1.7 * (p - 0.5))
    return decided(difference < ROUNDING, "largest difference from the formula, relative, 12 logits", difference)


@claim(StraightThrough)
def square_counterexample() -> Finding:
    """For the loss x² of x in {-1, +1}, a constant, straight-through's mean is 4 F' (2 F - 1) where the truth is 0.
    Stands SEED, on bias"""
    network = vector(LOGITS, lambda x: x.square().sum(-1))
    mean, p = moments_of(StraightThrough(), network).mean, torch.sigmoid(LOGITS)
    difference = apart(mean, 4 * p * (1 - p) * (2 * p - 1)) + float(exact_gradient(network).abs().max())
    return decided(difference < ROUNDING, "largest difference of mean and truth from the two formulas", difference)


@claim(StraightThrough)
def square_rewritten() -> Finding:
    """The loss between the states decides: a quadratic x' A x of x in {-1, +1} and the multi-affine function of the same values
    on all states have one truth, and straight-through is biased for the first alone.  Stands SEED, on bias"""
    a = torch.randn(5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    off = a - a.diag().diag()
    square, rewritten = (vector(LOGITS[::2][:5], lambda x, m=m: ((x @ m) * x).sum(-1)) for m in (a, off))
    same = apart(exact_gradient(rewritten), exact_gradient(square))
    biased, right = (relative_bias(StraightThrough(), network) for network in (square, rewritten))
    return decided(max(same, right) < ROUNDING < biased, "relative bias for the multi-affine one, 5 units; for the quadratic "
                   f"{biased:.2g}", right)


@claim(Darn)
def darn_quadratic() -> Finding:
    """DARN, expanded at the middle between the states, is unbiased for one layer with a quadratic loss, squares of one unit included.
    Stands arXiv:1511.05176; SEED, related work"""
    found, other = (worst(rule, QUADRATIC) for rule in (Darn(), StraightThrough()))
    return decided(found < ROUNDING, f"largest relative bias over {len(QUADRATIC)} quadratics of 5 units; straight-through's is "
                   f"{other:.2g}", found)


@claim(ClippedIdentity, TanhProxy, ApproxSign)
def one_noise() -> Finding:
    """Every proxy is the right one for one noise only: clipped identity for uniform, tanh for the logistic F = s(2 a), ApproxSign for
    triangular.  Stands SEED, on empirical variants"""
    right = {ClippedIdentity(): "uniform", TanhProxy(): "logistic2", ApproxSign(): "triangular"}
    bias = {(rule, noise): relative_bias(rule, Polynomial(4, 1, noise=noise, scale=0.3).build()) for rule in right for noise in NOISE_NAMES}
    matched = max(value for (rule, noise), value in bias.items() if right[rule] == noise)
    others = min(value for (rule, noise), value in bias.items() if right[rule] != noise)
    return decided(matched < ROUNDING < others, "largest relative bias of the matched ones, linear loss of 4 units; least of all "
                   f"others, over {len(NOISE_NAMES)} noises, {others:.2g}", matched)


def separable(rule: Rule, network: Network) -> torch.Tensor:
    """The mean row [d] by Gauss-Legendre over u on both sides of F(a), for a loss that is a sum over units; held against rows."""
    p, mean = network.noise.cdf(network.theta), torch.zeros_like(network.theta)
    for node, weight in zip(*np.polynomial.legendre.leggauss(16), strict=True):
        share = (float(node) + 1) / 2
        for u, mass in ((p * share, p), (p + (1 - p) * share, 1 - p)):
            mean = mean + float(weight) / 2 * mass * chain_rows(rule.unit, network, [u.view(1, 1, -1)])[0]
    held(rule, network, 1 << 14, mean)
    return mean


@claim(Foust)
def foust_one_unit() -> Finding:
    """For one unit FouST with its importance weights is exact for any polynomial.  Stands Pervez, Cohen, Gavves 2020"""
    gaps = {}
    for weights in (True, False):
        networks = [vector(torch.tensor([-1.3, 0.4, 2.0], dtype=torch.float64), lambda x, degree=degree: (x + 0.5).pow(degree).sum(-1))
                    for degree in (1, 2, 3, 4, 5)]
        gaps[weights] = max(relative(separable(Foust(weights), network), exact_gradient(network)) for network in networks)
    return decided(gaps[True] < ROUNDING < gaps[False], "largest relative bias, 3 logits, powers 1 to 5 of x + 1/2, by quadrature; "
                   f"without the weights {said(gaps[False])}", gaps[True])
