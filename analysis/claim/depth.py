"""Claims about several layers, and about descent."""

import torch

from straightedge.analysis.claim.ledger import Finding, apart, decided, relative_bias, rows
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.arm import Arm
from straightedge.estimators.base import Rule
from straightedge.estimators.darn import Darn
from straightedge.estimators.disarm import Disarm
from straightedge.estimators.identity import Identity
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.psa import Psa
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.st_gumbel import StGumbel
from straightedge.estimators.straight_through import StraightThrough, straight_through
from straightedge.estimators.sum.transfer import enumerate_states

NETWORKS = 100
ROUNDING = 1e-9


def deep_bias() -> Finding:
    """Beyond one layer straight-through is biased even where the loss is linear in the last layer, whose own gradient is exact: the
    layers between make the loss non-linear in the units below.  Stands SEED, on deep networks"""
    rng = torch.Generator().manual_seed(0)
    shapes = ((4, 2), (4, 4))
    weights = [1.5 * torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes]
    biases = [torch.randn(4, generator=rng, dtype=torch.float64) for _ in shapes]
    inputs = torch.randn(10, 2, generator=rng, dtype=torch.float64)
    network = Network.of(weights, biases, inputs, inputs, StateFunction(lambda x: x.sum(-1)))
    lower, upper = (relative_bias(StraightThrough(), network, part) for part in network.groups.values())
    return decided(upper < ROUNDING < lower, f"relative bias of the first of two layers; the second {upper:.1g}", lower)


def unbiased_everywhere() -> Finding:
    """REINFORCE, ARM and DisARM are unbiased in every layer.  Stands their papers; COMPANION, compared with"""
    network = Points((3, 3, 3), points=10, steps=20).build()
    worst = max(relative_bias(e, network, part) for e in (Reinforce(), Arm(), Disarm()) for part in network.groups.values())
    return decided(worst < ROUNDING, "largest relative bias of any layer, 3-3-3 units", worst)


def disarm_below_arm() -> Finding:
    """DisARM's variance is at most ARM's.  Stands arXiv:2006.10680"""
    ratios = torch.cat([exact_moments(Disarm(), network).variance / exact_moments(Arm(), network).variance.clamp_min(1e-300)
                        for network in (Points((4, 4), points=10, seed=seed).build() for seed in range(10))])
    return decided(bool((ratios < 1 + 1e-9).all()), "largest ratio of the variances of a parameter's estimate, 10 networks",
                   float(ratios[ratios < 1e9].max()))


def psa_last_layer() -> Finding:
    """PSA is unbiased for the parameters of the last hidden layer.  Stands COMPANION, on properties"""
    network = Points((3, 3, 3), points=10, steps=20).build()
    found = [relative_bias(Psa(), network, part) for part in network.groups.values()]
    return decided(max(found[2:]) < ROUNDING < max(found[:2]), "largest relative bias from the last hidden layer on, 3-3-3 units; below it "
                   f"{max(found[:2]):.2g}", max(found[2:]))


def st_gumbel_limit() -> Finding:
    """As tau falls, the mean of straight-through Gumbel tends to DARN's, with a difference O(tau).  Stands Shekhovtsov 2023"""
    network = Points((3, 3), points=10).build()
    limit = exact_moments(Darn(), network).mean
    gaps = [float((exact_moments(StGumbel(tau), network).mean - limit).norm() / limit.norm()) for tau in (0.02, 0.01, 0.005)]
    falls = gaps[0] > 1.5 * gaps[1] > 2.25 * gaps[2]
    return decided(falls and gaps[2] < 0.05, "relative difference of the means at tau 0.005; at 0.01 and 0.02 "
                   f"{gaps[1]:.2g} and {gaps[0]:.2g}", gaps[2])


def tau_variance_depth() -> Finding:
    """The variance of a relaxed gradient grows like tau^-L, L layers below the loss.  Stands SEED, on relaxations"""
    network = Points((3, 3, 3), points=10).build()
    found = []
    for layer in reversed(range(3)):
        warm, cold = (exact_moments(StGumbel(tau), network).variance[network.groups[f"layer{layer}"]].sum() for tau in (2e-3, 1e-3))
        found.append(float((cold / warm).log2()))
    right = all(abs(exponent - depth) < 0.02 * depth for depth, exponent in enumerate(found, 1))
    return decided(right, f"minus the exponent of tau in straight-through Gumbel's variance, L = 3, from tau 0.002 to 0.001; L = 1 and 2: "
                   f"{found[0]:.4g} and {found[1]:.4g}", found[2])


class Doubled(Rule):
    """Straight-through with a constant 2 too many."""

    def unit(self, a, u, noise):
        x = straight_through(a, u, noise)
        return x.detach() + 2 * (x - x.detach())


def constants_multiply() -> Finding:
    """A wrong constant in the unit's derivative multiplies through all layers below.  Stands SEED, on proxies"""
    network = Points((3, 3, 3), points=10).build()
    twice, once = rows(Doubled(), network, 64), rows(StraightThrough(), network, 64)
    worst = max(apart(twice[:, network.groups[f"layer{layer}"]], 2 ** (3 - layer) * once[:, network.groups[f"layer{layer}"]])
                for layer in range(4))
    return decided(worst < ROUNDING, "largest relative difference from 2, 4, 8 times in layers 3, 2, 1", worst)


def scalar_product() -> Finding:
    """Another positive diagonal in place of F' keeps a non-negative scalar product with straight-through's mean, where rows of
    weights are independent.  Stands SEED, on wrong proxies"""
    shares = []
    for widths, points in (((4,), 1), ((4,), 50), ((4, 4, 4), 1)):
        bad = 0
        for seed in range(NETWORKS):
            network = Points(widths, points=max(points, 2), scale=3.0, seed=seed).build()
            network = single(network) if points == 1 else network
            here = network.groups["layer0"]
            means = [exact_moments(rule, network).mean[here] for rule in (Identity(), StraightThrough())]
            bad += float(means[0] @ means[1]) < 0
        shares.append(bad / NETWORKS)
    return decided(shares[0] == 0, f"share of {NETWORKS} random networks with a negative product, identity, first layer: one layer and "
                   f"data point here; 50 data points {shares[1]:.3g}; three layers {shares[2]:.3g}", shares[0],
                   only_if="one layer and one data point.  Data points share the weights: two with rho = .1 and .25 and g x = 2 "
                           "and -1 give (.2 - .25) (2 - 1) < 0, rare as it is in random networks")


def single(network):
    """The same network with its first data point alone."""
    return type(network)(network.theta, network.inputs[:1], network.labels[:1], network.widths, network.loss, network.outputs,
                         network.noise, network.states)


def shared_parameters() -> Finding:
    """With shared parameters the scalar product can be negative: J Jᵀ = [[1, -.9], [-.9, 1]], diag(1, .01), (1, 2).  Stands SEED, on
    wrong proxies"""
    s, d, g = (torch.tensor(values, dtype=torch.float64) for values in ([[1.0, -0.9], [-0.9, 1.0]], [1.0, 0.01], [1.0, 2.0]))
    product = float(g @ s @ (d * g))
    return decided(abs(product + 0.778) < 1e-12, "the product; -0.778 is stated", product)


def lipschitz(outputs, rest, unit):
    """Largest |d² loss / d x_i²| of cross-entropy over the states of the other units and x_i in [-1, 1]."""
    weight, bias = outputs
    lines = torch.linspace(-1, 1, 65, dtype=torch.float64)
    x = rest.repeat_interleave(65, 0)
    x[:, unit] = lines.repeat(len(rest))
    p = torch.softmax(x @ weight.T + bias, -1)
    w = weight[:, unit]
    return float((p @ w.square() - (p @ w).square()).max())


def right_sign() -> Finding:
    """The sign of straight-through's mean is right for a unit whose |E d_i| is above the Lipschitz constant of d_i in x_i.
    Stands SEED, on descent"""
    wrong, met, wrong_unmet, total = 0, 0, 0, 0
    for seed in range(60):
        network = Points((5,), points=20, scale=2.0, seed=seed).build()
        states = 2 * enumerate_states(torch.arange(32), 5, network.theta) - 1
        (weight, bias), outputs = network.layers
        p = torch.sigmoid(network.inputs @ weight.T + bias)
        chance = torch.where(states > 0, p.unsqueeze(1), 1 - p.unsqueeze(1)).prod(-1)
        z = (states @ outputs[0].T + outputs[1]).unsqueeze(1).expand(-1, len(p), -1)
        value, slope = network.slope(z)
        derivative = torch.einsum("bs,sbi->bi", chance, slope @ outputs[0])
        for unit in range(5):
            up, low = states[:, unit] > 0, states[:, unit] < 0
            limit = lipschitz(outputs, states, unit)
            truth = ((chance[:, up] * value[up].T).sum(1) / p[:, unit] - (chance[:, low] * value[low].T).sum(1) / (1 - p[:, unit]))
            enough, opposite = derivative[:, unit].abs() > limit, derivative[:, unit] * truth < 0
            met, total = met + int(enough.sum()), total + len(truth)
            wrong, wrong_unmet = wrong + int((enough & opposite).sum()), wrong_unmet + int((~enough & opposite).sum())
    return decided(wrong == 0 and met > 0, f"wrong signs among {met} units and data points that meet it, of {total} (violated by "
                   f"{1 - met / total:.0%}); {wrong_unmet} wrong signs among those", wrong)
