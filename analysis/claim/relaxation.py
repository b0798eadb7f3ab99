"""Claims about Gumbel-softmax and its temperature, by quadrature held against rows."""

import torch

from straightedge.analysis.claim.evidence import held
from straightedge.analysis.claim.ledger import Finding, claim, decided
from straightedge.estimators.base import chain_deltas, local
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import BITS, Network
from straightedge.estimators.sum.expectation import exact_gradient

LINEAR, SQUARE = (lambda b: b.sum(-1)), (lambda b: b.square().sum(-1))


def tower(depth: int, function) -> Network:
    """One logit, then one unit a layer, states {0, 1}, and a function of the last state."""
    one, nothing = torch.ones(1, 1, dtype=torch.float64), torch.empty(1, 0, dtype=torch.float64)
    return Network.of([nothing, *([one] * (depth - 1))], [0.7 * one[0], *([-0.4 * one[0]] * (depth - 1))], nothing, nothing,
                      StateFunction(function), states=BITS)


def nodes(network: Network, tau: float, step: float = 0.5, reach: float = 25.0) -> tuple[torch.Tensor, torch.Tensor]:
    """(weights, Gumbel-softmax's estimates of the first layer's derivative) on a grid of t, z = a - tau t, in every layer.

    Beyond the grid a unit is hard and no derivative passes.  Where tau is not small, the estimates are held against rows."""
    rule, noise = GumbelSoftmax(tau), network.noise
    t = torch.arange(-reach, reach + step / 2, step, dtype=torch.float64).view(-1, 1, 1, 1)
    x, weight = network.data(1), torch.ones(1, 1, 1, dtype=torch.float64)
    factors: list[torch.Tensor] = []
    for layer in range(network.depth):
        a = network.affine(layer, x)
        z = a - tau * t
        x, factor = (part.flatten(0, 1) for part in local(rule.unit, a.expand_as(z), noise.cdf(z), network))
        weight = (weight * noise.density(z) * tau * step).flatten(0, 1)
        factors = [part.repeat(len(t), 1, 1) for part in factors] + [factor]
    value = chain_deltas(network, factors, network.slope(x)[1])[0]
    return weight.flatten(), value.flatten()


def relaxed_moments(network: Network, tau: float) -> tuple[float, float]:
    """(mean, second moment) of Gumbel-softmax's estimate of the first layer's derivative."""
    weight, value = nodes(network, tau)
    return float(weight @ value), float(weight @ value.square())


def held_against_rows(depth: int, function=SQUARE) -> None:
    """Raises Contradiction where rows at a temperature that sampling can see do not have the mean found by quadrature."""
    network = tower(depth, function)
    held(GumbelSoftmax(0.2), network, 1 << 16, torch.tensor([relaxed_moments(network, 0.2)[0]], dtype=torch.float64))


def order(function) -> float:
    """The exponent of tau in the bias of Gumbel-softmax for one unit, from tau 0.002 to 0.001."""
    held_against_rows(1, function)
    network = tower(1, function)
    first, second = (abs(relaxed_moments(network, tau)[0] - float(exact_gradient(network))) for tau in (0.002, 0.001))
    return float(torch.tensor(first / second).log2())


@claim(GumbelSoftmax)
def tau_bias() -> Finding:
    """The bias of Gumbel-softmax is O(tau).  Stands TRADEOFFS"""
    found = order(SQUARE)
    return decided(abs(found - 1) < 0.01, "exponent of tau in the bias for b², one unit, by quadrature, from tau 0.002 to 0.001", found)


@claim(GumbelSoftmax)
def tau_bias_linear() -> Finding:
    """For a linear loss it is O(tau²).  Stands TRADEOFFS"""
    found = order(LINEAR)
    return decided(abs(found - 2) < 0.01, "exponent of tau in the bias for b, one unit, by quadrature, from tau 0.002 to 0.001", found)


@claim(GumbelSoftmax)
def tau_variance() -> Finding:
    """For a linear loss of one unit tau times the variance tends to rho f'² / 6.  Stands TRADEOFFS, on the rate 1 / tau; the constant is
    ours"""
    held_against_rows(1, LINEAR)
    network, tau = tower(1, LINEAR), 1e-4
    mean, square = relaxed_moments(network, tau)
    found = tau * (square - mean**2) / float(network.noise.density(network.theta) / 6)
    return decided(abs(found - 1) < 0.01, f"the ratio of both at tau = {tau}, by quadrature", found)


@claim(GumbelSoftmax)
def tau_variance_depth() -> Finding:
    """The variance of a relaxed gradient grows like tau^-L, L layers below the loss.  Stands TRADEOFFS, on deep networks"""
    found, right = [], True
    for depth in (1, 2, 3):
        held_against_rows(depth)
        network = tower(depth, SQUARE)
        (mean, warm), (colder_mean, cold) = (relaxed_moments(network, tau) for tau in (2e-3, 1e-3))
        right &= abs(colder_mean / float(exact_gradient(network)[0]) - 1) < 0.02
        found.append(float(torch.tensor((cold - colder_mean**2) / (warm - mean**2)).log2()))
    right &= all(abs(exponent - depth) < 0.01 * depth for depth, exponent in enumerate(found, 1))
    return decided(right, "minus the exponent of tau in Gumbel-softmax's variance in the first of L = 3 layers of one unit, by quadrature, "
                   f"from tau 0.002 to 0.001; L = 1 and 2: {found[0]:.4g} and {found[1]:.4g}", found[2])


@claim(GumbelSoftmax)
def tau_depth() -> Finding:
    """Through L layers, the chance that the gradient is not negligible falls like tau^L.  Stands TRADEOFFS, on deep networks"""
    held_against_rows(2)
    relative_exponents, fixed, right = [], [], True
    for depth in (1, 2):
        network = tower(depth, SQUARE)
        grids = {tau: nodes(network, tau, 0.05) for tau in (0.02, 0.01, 2e-4, 1e-4)}
        right &= abs(float(torch.dot(*grids[1e-4])) / float(exact_gradient(network)[0]) - 1) < 0.02
        chances = {(tau, name): float(weight[value.abs() > threshold].sum()) for tau, (weight, value) in grids.items()
                   for name, threshold in (("relative", 0.01 * float(value.abs().max())), ("fixed", 0.001))}
        relative_exponents.append(exponent(chances, "relative", 2e-4, 1e-4))
        fixed.append([exponent(chances, "fixed", tau, tau / 2) for tau in (0.02, 2e-4)])
    right &= all(abs(found - depth) < 0.01 for depth, found in enumerate(relative_exponents, 1))
    return decided(right, "exponent of tau for L = 2 layers of one unit, by quadrature, from tau 0.0002 to 0.0001, negligible being "
                   f"below 1 % of the largest gradient; L = 1: {relative_exponents[0]:.3g}", relative_exponents[1],
                   only_if=f"negligible is relative to the largest gradient.  Below a fixed size, here 0.001, the chance falls more "
                           f"slowly, as (tau log 1 / tau)^L does: exponents for L = 1 and 2: {fixed[0][0]:.2f} and {fixed[1][0]:.2f} "
                           f"from tau 0.02 to 0.01, and still {fixed[0][1]:.2f} and {fixed[1][1]:.2f} from 0.0002 to 0.0001")


def exponent(chances: dict, name: str, warm: float, cold: float) -> float:
    """The exponent of tau between two temperatures that differ by two."""
    return float(torch.tensor(chances[warm, name] / chances[cold, name]).log2())
