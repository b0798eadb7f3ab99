"""Claims about unbiased estimators, and about control variates: what they add nothing to, and what they take away."""

from straightedge.analysis.claim.evidence import apart, hidden, ratio, relative_bias, rows, unbiased
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import Polynomial
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Estimator
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.double_cv import DoubleCv
from straightedge.estimators.muprop import Muprop
from straightedge.estimators.rebar import Rebar
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.relax import Relax
from straightedge.estimators.rodeo import Rodeo
from straightedge.estimators.sum.expectation import exact_gradient

ROWS = 8192
INITIAL, TRAINED = Points((3, 3), points=10), Points((3, 3), points=10, steps=50)
LEAVE_ONE_OUT = Reinforce(baseline="leave_one_out", samples=2)


@claim(Reinforce, Arm, Disarm)
def unbiased_everywhere() -> Finding:
    """REINFORCE, ARM and DisARM are unbiased in every layer.  Stands their papers; COMPANION, compared with"""
    network = Points((3, 3, 3), points=10, steps=20).build()
    worst = max(relative_bias(e, network, part) for e in (Reinforce(), Arm(), Disarm()) for part in network.groups.values())
    return decided(worst < ROUNDING, "largest relative bias of any layer, 3-3-3 units", worst)


@claim(Muprop)
def muprop_linear() -> Finding:
    """MuProp has no variance for one layer with a linear loss.  Stands arXiv:1511.05176"""
    network = Polynomial(5, 1).build()
    found, plain = (apart(rows(e, network), exact_gradient(network)) for e in (Muprop(), Reinforce()))
    return decided(found < ROUNDING < plain, f"largest difference of a row from the gradient, relative, 256 rows; REINFORCE {plain:.2g}",
                   found)


def compared(estimator: Estimator, other: Estimator) -> Finding:
    """Whether an estimator is unbiased and has less variance than the other in every hidden layer, initial and trained; by rows."""
    found, right = [], True
    for network in (INITIAL.build(), TRAINED.build()):
        first, second = (rows(e, network, ROWS) for e in (estimator, other))
        right &= unbiased(first, network) and unbiased(second, network)
        found += [ratio(first, second, exact_gradient(network), part) for part in hidden(network)]
    value, error = max(found)
    less = all(value + 3 * error < 1 for value, error in found)
    return decided(right and less, f"largest ratio of a hidden layer's variances, 3-3 units, initial and after 50 steps, {ROWS} rows whose "
                   f"means agree with the gradient; in the order of layers {', '.join(f'{value:.3g}' for value, _ in found)}", value, error,
                   instead="" if right else "a mean disagrees with the gradient")


@claim(Rebar)
def rebar_below_reinforce() -> Finding:
    """REBAR is unbiased and has less variance than REINFORCE.  Stands arXiv:1703.07370"""
    return compared(Rebar(), Reinforce())


@claim(Relax, Rebar)
def relax_below_rebar() -> Finding:
    """RELAX is unbiased, and the network that it adds to REBAR's control takes away variance.  Stands arXiv:1711.00123"""
    return compared(Relax(), Rebar())


@claim(DoubleCv)
def double_cv_below_leave_one_out() -> Finding:
    """Double control variates are unbiased and have less variance than leave-one-out REINFORCE of as many samples.
    Stands arXiv:2111.05300"""
    return compared(DoubleCv(), LEAVE_ONE_OUT)


@claim(Rodeo)
def rodeo_below_leave_one_out() -> Finding:
    """RODEO is unbiased and has less variance than leave-one-out REINFORCE of as many samples.  Stands arXiv:2202.09497"""
    return compared(Rodeo(), LEAVE_ONE_OUT)


@claim(Rodeo, DoubleCv)
def rodeo_below_double_cv() -> Finding:
    """RODEO has less variance than double control variates of as many samples.  Stands arXiv:2202.09497, experiments"""
    return compared(Rodeo(), DoubleCv())
