"""Claims about directions: a wrong proxy against the right one, and the sign of straight-through."""

import torch

from straightedge.analysis.claim.evidence import apart, moments_of
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.identity import Identity
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.loss import LOSSES
from straightedge.estimators.network.network import Network
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient
from straightedge.estimators.sum.state import enumerate_states

NETWORKS = 100


def single(network: Network, point: int = 0) -> Network:
    """The same network with one of its data points."""
    return Network(network.theta, network.inputs[point:point + 1], network.labels[point:point + 1], network.widths, network.loss,
                   network.outputs, network.noise, network.states)


def means(network: Network, where: slice, moments=moments_of) -> list[torch.Tensor]:
    """The means of identity and of straight-through."""
    return [moments(rule, network).mean[where] for rule in (Identity(), StraightThrough())]


@claim(Identity, StraightThrough)
def scalar_product() -> Finding:
    """Another positive diagonal in place of F' keeps a non-negative scalar product with straight-through's mean, where rows of
    weights are independent.  Stands SEED, on wrong proxies"""
    shares, worst = [], 0.0
    for widths, points in (((4,), 1), ((4,), 50), ((4, 4, 4), 1)):
        bad = 0
        for seed in range(NETWORKS):
            network = Points(widths, points=max(points, 2), scale=2.0, seed=seed).build()
            network = single(network) if points == 1 else network
            alone = points == 1 and len(widths) == 1
            plain, matched = means(network, network.groups["layer0"], moments_of if alone else exact_moments)
            bad += not float(plain @ matched) > 0
            if alone:  # the diagonal itself: a factor 2 F' of every unit
                weight, bias = network.layers[0]
                density = 2 * network.noise.density(network.inputs[0] @ weight.T + bias)
                worst = max(worst, apart(density * plain[-4:], matched[-4:]))
        shares.append(bad)
    return decided(shares[0] == 0 and worst < ROUNDING, f"of {NETWORKS} random networks, those with a negative product of identity and "
                   f"straight-through in the first layer, 4 units: one layer and data point here; 50 data points {shares[1]}; three layers "
                   f"{shares[2]}", shares[0], only_if="one layer and one data point.  Data points share the weights, and deep layers the "
                                                      "units; the next row has an example")


@claim(Identity, StraightThrough)
def shared_parameters() -> Finding:
    """With shared parameters the scalar product can be negative: J Jᵀ = [[1, -.9], [-.9, 1]], diag(1, .01), (1, 2) gives -.778.
    Stands SEED, on wrong proxies"""
    x = torch.tensor([[19.0], [-19.0]], dtype=torch.float64).sign() * 19**0.5  # (x, 1) (x, 1)' = 20 [[1, -.9], [-.9, 1]]
    low = torch.log(torch.tensor(0.25 / 0.0025 * 2 - 1 + ((0.25 / 0.0025 * 2 - 1) ** 2 - 1) ** 0.5, dtype=torch.float64))  # F' = .0025
    a = torch.stack((torch.zeros_like(low), -low))
    weight = ((a[0] - a[1]) / (2 * x[0])).view(1, 1)
    target = (2 * torch.sigmoid(a) - 1) - torch.tensor([0.5, 1.0], dtype=torch.float64)  # the mean of 2 (x - y) is 1 and 2
    one = torch.ones(1, 1, dtype=torch.float64)
    biases = [(a[0] + a[1]).view(1) / 2, torch.zeros_like(one[0])]
    network = Network.of([weight, one], biases, x, target.unsqueeze(1), LOSSES["squared_error"])
    plain, matched = means(network, network.groups["layer0"])
    product = float(plain @ matched) / (20 * 0.5 / 4)  # the two points are averaged, 2 F' = .5 diag(1, .01)
    return decided(abs(product + 0.778) < ROUNDING, "the product of identity's and straight-through's means in a network made to have this "
                   "J: one unit, two data points, squared error; in the units of the example", product)


def lipschitz(outputs: tuple[torch.Tensor, torch.Tensor], rest: torch.Tensor, unit: int) -> float:
    """Largest |d² loss / d x_i²| of cross-entropy over the states of the other units and x_i in [-1, 1]."""
    weight, bias = outputs
    lines = torch.linspace(-1, 1, 65, dtype=torch.float64)
    x = rest.repeat_interleave(65, 0)
    x[:, unit] = lines.repeat(len(rest))
    p = torch.softmax(x @ weight.T + bias, -1)
    w = weight[:, unit]
    return float((p @ w.square() - (p @ w).square()).max())


@claim(StraightThrough)
def right_sign() -> Finding:
    """The sign of straight-through's mean is right for a unit whose |E d_i| is above the Lipschitz constant of d_i in x_i.
    Stands SEED, on descent"""
    wrong, met, wrong_unmet, total, worst = 0, 0, 0, 0, 0.0
    for seed in range(40):
        network = Points((5,), points=10, scale=2.0, seed=seed).build()
        states = 2 * enumerate_states(torch.arange(32), 5, network.theta) - 1
        (weight, bias), outputs = network.layers
        limit = torch.tensor([lipschitz(outputs, states, unit) for unit in range(5)])
        part = slice(weight.numel(), weight.numel() + 5)
        for one in (single(network, point) for point in range(10)):
            p = torch.sigmoid(one.inputs[0] @ weight.T + bias)
            chance = torch.where(states > 0, p, 1 - p).prod(-1)
            slope = one.slope((states @ outputs[0].T + outputs[1]).unsqueeze(1))[1][:, 0] @ outputs[0]
            derivative, mean, truth = chance @ slope, moments_of(StraightThrough(), one).mean[part], exact_gradient(one)[part]
            worst = max(worst, apart(2 * p * (1 - p) * derivative, mean))
            enough, opposite = derivative.abs() > limit, mean * truth < 0
            met, total = met + int(enough.sum()), total + len(truth)
            wrong, wrong_unmet = wrong + int((enough & opposite).sum()), wrong_unmet + int((~enough & opposite).sum())
    return decided(wrong == 0 and met > 0 and worst < ROUNDING, f"wrong signs among {met} units and data points that meet it, of {total} "
                   f"(violated by {1 - met / total:.0%}); {wrong_unmet} wrong signs among the others", wrong)
