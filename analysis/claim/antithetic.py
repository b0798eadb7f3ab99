"""Claims about antithetic pairs, and about what two evaluations share."""

import torch

from straightedge.analysis.claim.evidence import FEWEST, apart, hidden, moments_of, ratio, relative, relative_bias, rows, share, unbiased
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import Polynomial, vector
from straightedge.estimators.arm import Arm
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.network.loss import Function, StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.sampling.forward import estimate_rows, rollout, trunk
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.sum.state import enumerate_states

DEEP = Points((3, 3, 3), points=10)


def without_bias(*estimators, network: Network) -> bool:
    """Whether all are unbiased, to rounding."""
    return max(relative_bias(estimator, network) for estimator in estimators) < ROUNDING


@claim(Disarm, Arm)
def disarm_below_arm() -> Finding:
    """DisARM's variance is at most ARM's, both without bias.  Stands arXiv:2006.10680"""
    ratios, right = [], True
    for network in (Points((4, 4), points=10, seed=seed).build() for seed in range(10)):
        pair = moments_of(Disarm(), network), moments_of(Arm(), network)
        right &= max(relative(found.mean, exact_gradient(network)) for found in pair) < ROUNDING
        ratios += [pair[0].variance[part] / pair[1].variance[part] for part in hidden(network)]
    found = torch.cat(ratios)
    return decided(right and float(found.max()) < 1, "largest ratio of the variances of a parameter of a hidden layer, 10 networks of 4-4 "
                   f"units; least {found.min():.2g}.  The output layer's estimates are the same", float(found.max()))


@claim(Disarm, Reinforce)
def disarm_below_leave_one_out() -> Finding:
    """DisARM has less variance than leave-one-out REINFORCE of two samples.  Stands arXiv:2006.10680, experiments"""
    ratios: dict[int, list[list[float]]] = {2: [], 3: []}
    single, right = [], True
    for problem in (Points((4, 4), points=10, steps=steps, seed=seed) for steps in (0, 100) for seed in range(5)):
        network = problem.build()
        pair = moments_of(Disarm(), network)
        for samples, found in ratios.items():
            other = moments_of(Reinforce(baseline="leave_one_out", samples=samples), network)
            right &= max(relative(one.mean, exact_gradient(network)) for one in (pair, other)) < ROUNDING
            single += [pair.variance[part] / other.variance[part] for part in hidden(network) if samples == 2]
            found.append([share(pair, other, part) for part in network.groups.values()])
    two, three = (torch.tensor(found) for found in ratios.values())
    inner = two[:, :-1]
    outer = float(two[:, -1].min())
    return decided(right and float(inner.max()) < 1 < outer, "largest ratio of a hidden layer's variances, 10 networks of 4-4 units, half "
                   f"trained; least {inner.min():.2g}; of single parameters up to {torch.cat(single).max():.3g}", float(inner.max()),
                   only_if=f"hidden layers are meant, or one layer.  In the output layer, where the loss has a derivative, DisARM has one "
                           f"sample for two and {outer:.3g} times the variance.  In these two layers DisARM evaluates the loss three "
                           f"times: against three samples the largest ratio of a hidden layer is {three[:, :-1].max():.3g}")


@claim(Disarm)
def disarm_even() -> Finding:
    """One unit at a = 0 has no variance under DisARM.  Stands arXiv:2006.10680"""
    networks = [vector(torch.tensor([a], dtype=torch.float64), lambda x: (x[..., 0] - 0.3).pow(3)) for a in (0.0, 0.5)]
    right = without_bias(Disarm(), network=networks[1])
    even, other = (apart(rows(Disarm(), network), exact_gradient(network)) for network in networks)
    return decided(right and even < ROUNDING < other, "largest difference of a row from the gradient, relative, 256 rows; at a = 0.5 it is "
                   f"{other:.2g}", even)


def function_of(network: Network) -> Function:
    """The function of the last state that is its loss."""
    if not isinstance(network.loss, StateFunction):
        raise TypeError(f"expected a network whose loss is a function of its last state, got {type(network.loss).__name__}")
    return network.loss.function


def augmented_variance(network: Network) -> float:
    """The variance of one evaluation f(1[u < p]) (1 - 2 u), all logits together, for logistic units: a sum over their states."""
    p, n, function = network.noise.cdf(network.theta), len(network.theta), function_of(network)
    upper = enumerate_states(torch.arange(2**n), n, network.theta)
    chance = torch.where(upper > 0, p, 1 - p).prod(-1)
    cube = (1 - 2 * p).pow(3)
    square = torch.where(upper > 0, (1 - cube) / (6 * p), (1 + cube) / (6 * (1 - p)))  # E[(1 - 2 u)^2 | state]
    return float((chance * function(2 * upper - 1).square()) @ square.sum(-1) - exact_gradient(network).square().sum())


@claim(Arm)
def antithetic_pairing() -> Finding:
    """ARM, the mean of two antithetic evaluations f(1[u < p]) (1 - 2 u), has less variance than the mean of two independent ones.
    Stands arXiv:1807.11143"""
    problems = [Polynomial(5, 3, repeated=True, seed=seed).build() for seed in range(20)]
    states = 2 * enumerate_states(torch.arange(32), 5, problems[0].theta) - 1
    ratios, right = [], True
    for network in problems:
        function = function_of(network)
        least = function(states).min()
        raised = vector(network.theta, lambda x, f=function, least=least: f(x) - least)
        right &= without_bias(Arm(), network=raised)
        ratios.append(moments_of(Arm(), raised).trace() / (augmented_variance(raised) / 2))
    odd = vector(torch.zeros(5, dtype=torch.float64), lambda x: x.sum(-1))
    twice = moments_of(Arm(), odd).trace() / (augmented_variance(odd) / 2)
    return decided(right and max(ratios) < 1 < twice, "largest ratio of the variances, 20 random cubics of 5 units moved to be positive; "
                   f"least {min(ratios):.2g}", max(ratios),
                   only_if=f"the loss keeps its sign.  Where it changes sign with the states, as the sum of units at a = 0 does, both "
                           f"evaluations are equal and the ratio is {twice:.3g}")


class Fresh(Arm):
    """ARM whose second evaluation has uniforms of its own in the layers above."""

    def __call__(self, network, n, rng):
        us, fresh = network.uniform(rng, n), network.uniform(rng, n)
        states, activations, z = trunk(network, us)
        value, slope = network.outcome(z)
        deltas = []
        for layer, (a, u) in enumerate(zip(activations, us, strict=True)):
            opposite = rollout(network, network.encode(u > network.noise.cdf(-a)), fresh, layer)
            deltas.append((opposite - value).unsqueeze(-1) * (u - 0.5) * network.noise.logit_slope(a))
        return estimate_rows(network, states, deltas, slope)


@claim(Arm)
def common_random_numbers() -> Finding:
    """In a chain both evaluations of ARM may follow common uniforms through the layers above, or independent ones: the mean is the same,
    the variance is not.  Stands common practice; the first public implementations of ARM in chains draw anew"""
    network = DEEP.build()
    right, g = without_bias(Arm(), network=network), exact_gradient(network)
    fresh, common = (rows(estimator, network, 64 * FEWEST) for estimator in (Fresh(), Arm()))
    found = [ratio(fresh, common, g, part) for part in hidden(network)]
    less = all(value - 3 * error > 1 for value, error in found[:-1]) and abs(found[-1][0] - 1) < ROUNDING
    said = " and ".join(f"{value:.3g}" for value, _ in found[1:])
    return decided(right and unbiased(fresh, network) and less, "variance with independent uniforms over that with common ones, first of "
                   f"three layers of 3 units, {len(fresh)} rows; the others {said}", *found[0])
