"""Claims about rules with hard states that take their derivative from relaxed ones."""

import torch

from straightedge.analysis.claim.evidence import apart, hidden, moments_of, relative, rows, share
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided, said
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import vector
from straightedge.estimators.darn import Darn
from straightedge.estimators.gapped_st import GappedSt
from straightedge.estimators.gumbel_rao import GumbelRao
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.zgr import Zgr


@claim(StGumbel, Darn)
def st_gumbel_limit() -> Finding:
    """As tau falls, the mean of straight-through Gumbel tends to DARN's, with a difference O(tau).  Stands COLD"""
    network = Points((3, 3), points=10).build()
    limit = moments_of(Darn(), network).mean
    gaps = [relative(moments_of(StGumbel(tau), network).mean, limit) for tau in (0.02, 0.01, 0.005)]
    falls = gaps[0] > 1.5 * gaps[1] > 2.25 * gaps[2]
    return decided(falls and gaps[2] < 0.05, "relative difference of the means at tau 0.005, 3-3 units; at 0.01 and 0.02 "
                   f"{gaps[1]:.2g} and {gaps[0]:.2g}", gaps[2])


@claim(GumbelRao, StGumbel)
def gumbel_rao_moments() -> Finding:
    """Gumbel-Rao has the mean of straight-through Gumbel and less variance.  Stands arXiv:2010.04838"""
    network = Points((4, 4), points=20).build()
    plain, averaged = (moments_of(rule, network) for rule in (StGumbel(0.3), GumbelRao(0.3)))
    gap, shares = apart(averaged.mean, plain.mean), [share(averaged, plain, part) for part in hidden(network)]
    return decided(gap < ROUNDING and max(shares) < 1, "largest ratio of the variances of a hidden layer, tau 0.3, 4-4 units; largest "
                   f"relative difference of the means {said(gap)}", max(shares))


@claim(GumbelRao, Zgr)
def gumbel_rao_limit() -> Finding:
    """As tau falls, Gumbel-Rao with many noises tends to ZGR, mean and variance.  Stands COLD"""
    network = Points((2, 2), points=2).build()
    limit, gaps = moments_of(Zgr(), network), []
    for tau in (0.04, 0.02, 0.01):
        found = moments_of(GumbelRao(tau, noises=round(0.4 / tau**2)), network)
        gaps.append(max(apart(found.mean, limit.mean), apart(found.variance, limit.variance)))
    falls = gaps[0] > 1.5 * gaps[1] > 2.25 * gaps[2]
    return decided(falls and gaps[2] < 0.05, "largest relative difference of mean or variance at tau 0.01 with 4000 noises, 2-2 units; "
                   f"at tau 0.02 and 0.04 with 1000 and 250 {gaps[1]:.2g} and {gaps[0]:.2g}", gaps[2])


@claim(GappedSt)
def gapped_below_st_gumbel() -> Finding:
    """Gapped straight-through, the derivative of a softmax whose sampled logit leads by a gap or more, has less variance than
    straight-through Gumbel of its temperature.  Stands arXiv:2206.07235"""
    logits, tau = torch.linspace(-2, 2.3, 12, dtype=torch.float64, requires_grad=True), 0.5
    drawn = rows(GappedSt(tau), vector(logits.detach(), lambda b: b.sum(-1), states="01"), 64)
    u = torch.rand(64, 1, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)[:, 0]
    sign = 2 * (u < torch.sigmoid(logits)).double() - 1
    lead = sign * logits + (1 - sign * logits).clamp_min(0).detach()
    formula = torch.stack([torch.autograd.grad(torch.softmax(torch.stack((row, torch.zeros_like(row))) / tau, 0)[0].sum(), logits,
                                               retain_graph=True)[0] for row in sign * lead])
    gap, ratios, biases = apart(drawn, formula), [], []
    for network in (Points((3, 3), points=10, steps=steps).build() for steps in (0, 50)):
        found = [moments_of(rule, network) for rule in (GappedSt(tau), StGumbel(tau))]
        for part in hidden(network):
            ratios.append(share(found[0], found[1], part))
            biases.append([relative(one.mean[part], exact_gradient(network)[part]) for one in found])
    more = sum(first > second for first, second in biases)
    return decided(gap < ROUNDING and max(ratios) < 1, "largest ratio of a hidden layer's variances, tau 0.5, gap 1, 3-3 units, initial "
                   f"and after 50 steps; rows are those of the softmax; the bias is larger in {more} of {len(biases)} layers", max(ratios))
