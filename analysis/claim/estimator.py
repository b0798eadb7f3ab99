"""Claims of other papers about their estimators: what is without bias, what is without variance, which two are one."""

import torch
from scipy.integrate import quad

from straightedge.analysis.claim.ledger import Finding, apart, decided, rows
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import Polynomial, vector
from straightedge.estimators.arms import Arms
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.foust import foust
from straightedge.estimators.gumbel_rao import GumbelRao
from straightedge.estimators.local_expectation import LocalExpectation
from straightedge.estimators.measure_valued import MeasureValued
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.muprop import Muprop
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.sum.expectation import exact_gradient

ROUNDING = 1e-9


def foust_one_unit() -> Finding:
    """For one unit FouST with its importance weights is exact for any polynomial.  Stands Pervez, Cohen, Gavves 2020"""
    gaps = {}
    for weights in (True, False):
        found, truth = [], []
        for a, degree in ((logit, degree) for logit in (-1.3, 0.4, 2.0) for degree in (1, 2, 3, 4, 5)):
            def estimate(u, a=a, degree=degree, weights=weights):
                point = torch.tensor(a, dtype=torch.float64, requires_grad=True)
                foust(point, torch.tensor(u, dtype=torch.float64), LOGISTIC, weights).pow(degree).backward()
                return float(point.grad)

            p = float(LOGISTIC.cdf(torch.tensor(a, dtype=torch.float64)))
            found.append(sum(quad(estimate, *ends, epsabs=1e-12)[0] for ends in ((0, p), (p, 1))))
            truth.append(p * (1 - p) * (1 - (-1) ** degree))
        gaps[weights] = apart(torch.tensor(found), torch.tensor(truth))
    return decided(gaps[True] < ROUNDING < gaps[False], "largest difference from the truth, 3 logits, powers 1 to 5, by quadrature; "
                   f"without the weights {gaps[False]:.2g}", gaps[True])


def gumbel_rao_moments() -> Finding:
    """Gumbel-Rao has the mean of straight-through Gumbel and less variance.  Stands arXiv:2010.04838"""
    network = Points((4, 4), points=20).build()
    plain, averaged = (exact_moments(rule, network) for rule in (StGumbel(0.3), GumbelRao(0.3)))
    gap, ratio = apart(averaged.mean, plain.mean), averaged.variance / plain.variance
    shares = [float(averaged.variance[part].sum() / plain.variance[part].sum()) for part in network.groups.values()]
    return decided(gap < ROUNDING and max(shares) < 1 + 1e-12 and float(ratio.min()) < 0.9, "largest ratio of the variances of a layer, "
                   f"tau 0.3, 4-4 units; largest relative difference of the means {gap:.1g}", max(shares[:-1]))


def muprop_linear() -> Finding:
    """MuProp has no variance for one layer with a linear loss.  Stands arXiv:1511.05176"""
    network = Polynomial(5, 1).build()
    gradient = exact_gradient(network)
    spread, plain = (float(((rows(e, network) - gradient).square().sum(1).max() / gradient.square().sum()).sqrt())
                     for e in (Muprop(), Reinforce()))
    return decided(spread < ROUNDING < plain, f"largest distance of a row from the gradient, relative; REINFORCE {plain:.2g}", spread)


def disarm_even() -> Finding:
    """One unit at a = 0 has no variance under DisARM.  Stands arXiv:2006.10680"""
    network, other = (vector(torch.tensor([a], dtype=torch.float64), lambda x: (x[..., 0] - 0.3).pow(3)) for a in (0.0, 0.5))
    zero, elsewhere = (float(exact_moments(Disarm(), one).variance.sum() / exact_gradient(one).square().sum())
                       for one in (network, other))
    return decided(zero < ROUNDING < elsewhere, f"variance / |g|²; at a = 0.5 it is {elsewhere:.2g}", zero)


def arms_of_two() -> Finding:
    """ARMS of two samples is DisARM.  Stands arXiv:2105.14141"""
    network = Polynomial(5, 3, repeated=True).build()
    gap = apart(rows(Arms(samples=2), network, 4096), rows(Disarm(), network, 4096))
    return decided(gap < ROUNDING, "largest relative difference, row by row, 4096 rows, 5 units", gap)


def measure_valued_is_local_expectation() -> Finding:
    """For Bernoulli units the measure-valued derivative with coupled rests is the local expectation gradient.
    Stands arXiv:1906.10652"""
    network = Points((3, 3), points=10).build()
    coupled, local = (exact_moments(estimator, network) for estimator in (MeasureValued(), LocalExpectation()))
    gap = max(apart(coupled.mean, local.mean), apart(coupled.variance, local.variance))
    return decided(gap < ROUNDING, "largest relative difference of mean and variance, 3-3 units", gap)
