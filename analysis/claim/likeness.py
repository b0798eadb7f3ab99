"""Claims that two estimators are one, or one in two clothes."""

import torch

from straightedge.analysis.claim.evidence import apart, moments_of, relative_bias, rows, worst
from straightedge.analysis.claim.layer import LOGITS, QUADRATIC
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided, said
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import Polynomial, vector
from straightedge.estimators.arms import Arms
from straightedge.estimators.base import Rule
from straightedge.estimators.darn import Darn
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.identity import Identity
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.measure_valued import MeasureValued
from straightedge.estimators.network.network import BITS
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.network.unit import hard, with_slope
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinmax import Reinmax
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.zgr import Zgr

LINEAR = Polynomial(5, 1)
TWO_LAYERS = Points((4, 4), points=20)


@claim(StraightThrough)
def encoding() -> Finding:
    """Straight-through, right for a linear loss of one layer, does not depend on whether states are {0, 1} or {-1, +1}.
    Stands SEED, on invariances"""
    signs, bits = TWO_LAYERS.build(), Points((4, 4), points=20, states="01").build()
    a, b = rows(StraightThrough(), signs), rows(StraightThrough(), bits)
    where = torch.cat([torch.arange(part.stop)[part][-o if layer else -o * (i + 1):] for layer, (part, (o, i)) in
                       enumerate(zip(signs.groups.values(), signs.shapes, strict=True))])
    assert bits.states == BITS
    difference = max(apart(a[:, where], b[:, where]), relative_bias(StraightThrough(), LINEAR.build()))
    return decided(difference < ROUNDING, "largest relative difference, row by row, of all derivatives that both encodings share, "
                   "4-4 units", difference)


@claim(StraightThrough)
def monotone() -> Finding:
    """Straight-through, right for a linear loss, does not depend on a monotone change of pre-activation and noise; a fixed proxy does.
    Stands SEED, on invariances"""
    p = torch.sigmoid(LOGITS)
    changed = torch.special.ndtri(p)  # Phi(changed) = s(LOGITS)
    slope, results = p * (1 - p) / NOISES["normal"].density(changed), []
    for rule in (StraightThrough(), Identity()):
        plain = rows(rule, vector(LOGITS, cube))
        results.append(apart(rows(rule, vector(changed, cube, "normal")) * slope, plain))
    same = max(results[0], relative_bias(StraightThrough(), LINEAR.build()))
    return decided(same < ROUNDING < results[1], "largest relative difference, row by row, logistic against normal noise: matched "
                   f"here, {results[1]:.2g} for identity", same)


def cube(x):
    """A loss that is not linear."""
    return (x - 0.3).pow(3).sum(-1) + x.sum(-1).square()


@claim(Zgr, Darn)
def zgr_is_darn() -> Finding:
    """For binary units ZGR is DARN expanded at the middle between the states.  Stands COLD"""
    network = TWO_LAYERS.build()
    difference = apart(rows(Zgr(), network), rows(Darn(), network))
    return decided(difference < ROUNDING, "largest relative difference, row by row, 4-4 units", difference)


class AroundMean(Rule):
    """DARN with its baseline expanded at the mean: d x / d a := (x - E x) d log P(x) / d a."""

    def unit(self, a, u, noise):
        fixed = a.detach()
        x = hard(fixed, u, noise)
        p = noise.cdf(x * fixed)
        return with_slope(x, a, 2 * (1 - p) * noise.density(fixed) / p)


@claim(Zgr, StraightThrough)
def zgr_average() -> Finding:
    """ZGR is the average of straight-through and of DARN expanded at the mean, and unbiased for quadratics of one layer where neither
    half is.  Stands COLD"""
    halves, network = (StraightThrough(), AroundMean()), QUADRATIC[0].build()
    difference = apart(rows(Zgr(), network), torch.stack([rows(half, network) for half in halves]).mean(0))
    middle = apart(rows(Zgr(), network), (rows(StraightThrough(), network) + rows(Darn(), network)) / 2)
    found, *others = (worst(rule, QUADRATIC) for rule in (Zgr(), *halves))
    return decided(max(difference, found) < ROUNDING < min(*others, middle), f"largest relative bias over {len(QUADRATIC)} quadratics, "
                   f"and difference from the average row by row; the halves' are {others[0]:.2g} and {others[1]:.2g}.  With DARN expanded "
                   f"at the middle the average is another: rows differ by {middle:.2g}", max(difference, found))


@claim(Reinmax, Zgr)
def reinmax_is_zgr() -> Finding:
    """ReinMax is ZGR for binary units.  Stands COLD; arXiv:2304.08612"""
    network = TWO_LAYERS.build()
    same, other = (apart(rows(Reinmax(tau=tau), network), rows(Zgr(), network)) for tau in (1.0, 2.0))
    return decided(same < ROUNDING < other, f"largest relative difference, row by row, at tau 1; at tau 2 it is {other:.2g}", same,
                   only_if="its temperature is 1")


@claim(Arms, Disarm)
def arms_of_two() -> Finding:
    """ARMS of two samples is DisARM.  Stands arXiv:2105.14141"""
    network = Points((3, 3), points=10).build()
    difference = apart(rows(Arms(samples=2), network, 4096), rows(Disarm(), network, 4096))
    moments_of(Disarm(), network)  # or it is not DisARM
    return decided(difference < ROUNDING, "largest relative difference, row by row, 4096 rows, 3-3 units", difference)


@claim(MeasureValued, LocalExpectation)
def measure_valued_is_local_expectation() -> Finding:
    """For Bernoulli units the measure-valued derivative with coupled rests is the local expectation gradient; with independent rests it
    has more variance.  Stands arXiv:1906.10652"""
    network = Points((3, 3), points=10).build()
    coupled, local, loose = (rows(estimator, network, 4096) for estimator in (MeasureValued(), LocalExpectation(), MeasureValued(False)))
    pair = [moments_of(estimator, network) for estimator in (MeasureValued(), LocalExpectation())]
    gap = max(apart(pair[0].mean, pair[1].mean), apart(pair[0].variance, pair[1].variance))
    difference, more = max(gap, apart(coupled, local)), float(loose[:, network.groups["layer0"]].var(0).sum()
                                                    / local[:, network.groups["layer0"]].var(0).sum())
    return decided(difference < ROUNDING and more > 1.5, "largest relative difference of mean, variance and 4096 rows, 3-3 units; "
                   f"independent rests have {said(round(more, 1))} times the variance in the first layer", difference)


@claim(Psa, StraightThrough)
def psa_straight_through() -> Finding:
    """PSA is straight-through where the effect of a flip is linear: they differ in proportion to the weights above.
    Stands COMPANION, on straight-through by linearisation"""
    gaps = []
    for scale in (1.0, 1e-2, 1e-3):
        network = Points((3, 3, 3), points=10).build()
        weak = network.theta.clone()
        for (above, below), part in list(zip(network.shapes, network.groups.values(), strict=True))[1:]:
            weak[part][: above * below] *= scale
        network = network.at(weak)
        moments_of(Psa(), network)  # or it is not PSA
        where = network.groups["layer0"]
        gaps.append(apart(rows(Psa(), network)[:, where], rows(StraightThrough(), network)[:, where]))
    exponent = float(torch.tensor(gaps[1] / gaps[2]).log10())
    return decided(abs(exponent - 1) < 0.02 and gaps[2] < 0.01, "exponent of the scale of all weights above the first layer in the largest "
                   f"relative difference of rows of that layer, 3-3-3 units, from 0.01 to 0.001, where it is {gaps[2]:.2g}; at scale 1 "
                   f"{gaps[0]:.2g}", exponent)
