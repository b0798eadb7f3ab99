"""Claims about one layer of units, and about units that are the same in other clothes."""

import torch

from straightedge.analysis.claim.ledger import Finding, apart, decided, relative_bias, rows
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import Polynomial, vector
from straightedge.estimators.approx_sign import ApproxSign
from straightedge.estimators.clipped_identity import ClippedIdentity
from straightedge.estimators.darn import Darn
from straightedge.estimators.identity import Identity
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.reinmax import Reinmax
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.tanh_proxy import TanhProxy
from straightedge.estimators.zgr import Zgr

ROUNDING = 1e-9
LOGITS = torch.linspace(-2.0, 2.3, 12, dtype=torch.float64)
MULTI_AFFINE = tuple(Polynomial(5, 5, noise=noise, states=states, scale=0.5, seed=seed)
                     for noise in NOISES for states in ("01", "+-1") for seed in range(4))


def multi_affine() -> Finding:
    """Straight-through is unbiased for one layer if the loss is multi-affine in the units.  Stands SEED, on bias"""
    worst = max(relative_bias(StraightThrough(), problem.build()) for problem in MULTI_AFFINE)
    return decided(worst < ROUNDING, f"largest relative bias over {len(MULTI_AFFINE)} random multi-affine losses of 5 units", worst)


def linear_variance() -> Finding:
    """Straight-through has no variance for one layer with a linear loss.  Stands SEED, on variance"""
    network = Polynomial(5, 1).build()
    variance = float(exact_moments(StraightThrough(), network).variance.sum() / exact_gradient(network).square().sum())
    return decided(variance < ROUNDING, "variance / |g|²", variance)


def mean_field_multi_affine() -> Finding:
    """Passing the mean of one layer in place of its sample is exact for multi-affine losses.  Stands SEED, on bias"""
    worst = max(relative_bias(MeanField(), problem.build()) for problem in MULTI_AFFINE)
    return decided(worst < ROUNDING, f"largest relative bias over {len(MULTI_AFFINE)} random multi-affine losses", worst)


def quadratic_bias() -> Finding:
    """For a loss c b²/2 of one bit, straight-through's bias is rho c (p - 1/2).  Stands SEED, on bias"""
    network = vector(LOGITS, lambda b: 1.7 * b.square().sum(-1) / 2, states="01")
    bias = exact_moments(StraightThrough(), network).mean - exact_gradient(network)
    p = torch.sigmoid(LOGITS)
    return decided((difference := apart(bias, p * (1 - p) * 1.7 * (p - 0.5))) < ROUNDING,
                   "largest difference from the formula, relative, 12 logits", difference)


def square_counterexample() -> Finding:
    """For the loss x² of x in {-1, +1}, a constant, straight-through's mean is 4 F' (2 F - 1) where the truth is 0.
    Stands SEED, on bias"""
    network = vector(LOGITS, lambda x: x.square().sum(-1))
    mean, p = exact_moments(StraightThrough(), network).mean, torch.sigmoid(LOGITS)
    difference = apart(mean, 4 * p * (1 - p) * (2 * p - 1)) + float(exact_gradient(network).abs().max())
    return decided(difference < ROUNDING, "largest difference of mean and truth from the two formulas", difference)


def square_rewritten() -> Finding:
    """The multi-affine function that agrees with x² on the states, the constant 1, has no bias: the loss between the states
    decides.  Stands SEED, on bias"""
    network = vector(LOGITS, lambda x: 0 * x.sum(-1) + len(LOGITS))
    worst = float(exact_moments(StraightThrough(), network).mean.abs().max())
    return decided(worst < ROUNDING, "largest mean; the truth is 0", worst)


def encoding() -> Finding:
    """Straight-through does not depend on whether states are {0, 1} or {-1, +1}.  Stands SEED, on invariances"""
    signs, bits = Points((4, 4), points=20).build(), Points((4, 4), points=20, states="01").build()
    a, b = rows(StraightThrough(), signs), rows(StraightThrough(), bits)
    where = torch.cat([torch.arange(part.stop)[part][-o if layer else -o * (i + 1):] for layer, (part, (o, i)) in
                       enumerate(zip(signs.groups.values(), signs.shapes, strict=True))])
    assert bits.states == BITS
    difference = apart(a[:, where], b[:, where])
    return decided(difference < ROUNDING, "largest relative difference, row by row, of all derivatives that both encodings share",
                   difference)


def monotone() -> Finding:
    """Straight-through does not depend on a monotone change of pre-activation and noise; a fixed proxy does.
    Stands SEED, on invariances"""
    changed, slope = probit(LOGITS)
    results = []
    for rule in (StraightThrough(), Identity()):
        plain = rows(rule, vector(LOGITS, cube))
        results.append(apart(rows(rule, vector(changed, cube, "normal")) * slope, plain))
    return decided(results[0] < ROUNDING < results[1], "largest relative difference, row by row, logistic against normal noise: "
                   f"matched here, {results[1]:.2g} for identity", results[0])


def cube(x):
    """A loss that is not linear."""
    return (x - 0.3).pow(3).sum(-1) + x.sum(-1).square()


def probit(a):
    """(T(a), T'(a)) with Phi(T(a)) = s(a)."""
    p = torch.sigmoid(a)
    changed = torch.special.ndtri(p)
    return changed, p * (1 - p) / NOISES["normal"].density(changed)


def darn_quadratic() -> Finding:
    """DARN is unbiased for one layer with a quadratic loss, squares of one unit included.  Stands arXiv:1511.05176; SEED, related
    work"""
    problems = [Polynomial(5, 2, repeated=True, states=states, noise=noise, scale=0.5, seed=seed)
                for states in ("01", "+-1") for noise in NOISES for seed in range(4)]
    worst = max(relative_bias(Darn(), problem.build()) for problem in problems)
    other = max(relative_bias(StraightThrough(), problem.build()) for problem in problems)
    return decided(worst < ROUNDING, f"largest relative bias over {len(problems)} quadratics; straight-through's is {other:.2g}", worst)


def zgr_is_darn() -> Finding:
    """For binary units ZGR, the limit of Gumbel-Rao, is DARN.  Stands Shekhovtsov 2023"""
    network = Points((4, 4), points=20).build()
    difference = apart(rows(Zgr(), network), rows(Darn(), network))
    return decided(difference < ROUNDING, "largest relative difference, row by row, 4-4 units", difference)


def reinmax_is_zgr() -> Finding:
    """ReinMax is ZGR for binary units.  Stands Shekhovtsov 2023; arXiv:2304.08612"""
    network = Points((4, 4), points=20).build()
    same, other = (apart(rows(Reinmax(tau=tau), network), rows(Zgr(), network)) for tau in (1.0, 2.0))
    return decided(same < ROUNDING < other, f"largest relative difference, row by row, at tau 1; at tau 2 it is {other:.2g}", same,
                   only_if="its temperature is 1")


def one_noise() -> Finding:
    """Every proxy is the right one for one noise only: clipped identity for uniform, tanh for the logistic F = s(2 a), ApproxSign for
    triangular.  Stands SEED, on empirical variants"""
    right = {ClippedIdentity(): "uniform", TanhProxy(): "logistic2", ApproxSign(): "triangular"}
    bias = {(rule, noise): relative_bias(rule, Polynomial(4, 1, noise=noise, scale=0.3).build()) for rule in right for noise in NOISES}
    matched = max(value for (rule, noise), value in bias.items() if right[rule] == noise)
    others = min(value for (rule, noise), value in bias.items() if right[rule] != noise)
    return decided(matched < ROUNDING < others, f"largest relative bias of the matched ones, linear loss; least of all others "
                   f"{others:.2g}", matched)
