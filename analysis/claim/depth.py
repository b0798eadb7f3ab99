"""Claims about chain estimators in several layers."""

import torch

from straightedge.analysis.claim.evidence import Contradiction, hidden, relative, relative_bias, rows
from straightedge.analysis.claim.layer import LOGITS, separable
from straightedge.analysis.claim.ledger import ROUNDING, Finding, claim, decided
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.function import vector
from straightedge.estimators.foust import Foust
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import Network
from straightedge.estimators.psa import Psa
from straightedge.estimators.straight_through import StraightThrough
from straightedge.estimators.sum.expectation import exact_gradient

DRAWS = 1 << 16


@claim(StraightThrough)
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
    return decided(upper < ROUNDING < lower, "relative bias of the first of two layers of 4 units; the second has none, to rounding", lower)


@claim(Psa)
def psa_last_layer() -> Finding:
    """PSA is unbiased for the parameters of the last hidden layer, and not below.  Stands COMPANION, on properties"""
    network = Points((3, 3, 3), points=10, steps=20).build()
    found = [relative_bias(Psa(), network, part) for part in network.groups.values()]
    return decided(max(found[2:]) < ROUNDING < max(found[:2]), "largest relative bias from the last hidden layer on, 3-3-3 units; below it "
                   f"{max(found[:2]):.2g}", max(found[2:]))


@claim(Psa)
def psa_below_straight_through() -> Finding:
    """PSA has less bias than straight-through in every layer but the output's.  Stands COMPANION, experiments"""
    found = []
    for problem in (Points((3, 3, 3), points=10, steps=steps, seed=seed) for steps in (0, 50) for seed in range(5)):
        network = problem.build()
        found += [(relative_bias(Psa(), network, part), relative_bias(StraightThrough(), network, part)) for part in hidden(network)[:-1]]
    ratios = [first / second for first, second in found]
    return decided(max(ratios) < 1, f"largest ratio of the biases of a layer below the last hidden one, 10 networks of 3-3-3 units, half "
                   f"of them trained; median {float(torch.tensor(ratios).median()):.2g}", max(ratios),
                   instead=f"{sum(r >= 1 for r in ratios)} of {len(ratios)} layers have more")


@claim(Foust)
def foust_depth() -> Finding:
    """In networks of many units and layers FouST has a low bias, below straight-through's.
    Stands Pervez, Cohen, Gavves 2020, in its title; its properties are studied in TRADEOFFS"""
    alone = vector(LOGITS, lambda x: (x + 0.5).pow(3).sum(-1))
    if not relative(separable(Foust(), alone), exact_gradient(alone)) < ROUNDING:
        raise Contradiction("foust: it is not exact for one unit, so this is not FouST")
    found = []
    for steps in (0, 50):
        network = Points((3, 3, 3), points=10, steps=steps).build()
        drawn, g = rows(Foust(), network, DRAWS), exact_gradient(network)
        for part in hidden(network):
            error = float((drawn[:, part].var(0).sum() / DRAWS).sqrt() / g[part].norm())
            found.append((relative(drawn[:, part].mean(0), g[part]), error, relative_bias(StraightThrough(), network, part)))
    larger = sum(bias - 3 * error > other for bias, error, other in found)
    said = ", ".join(f"{bias:.2f} ({other:.2f})" for bias, _, other in found)
    worst, error = max((bias / other, error / other) for bias, error, other in found)
    return decided(larger == 0, "largest ratio of its relative bias in a layer to straight-through's, 3-3-3 units, initial and after 50 "
                   f"steps, {DRAWS} rows; layer by layer, straight-through's in brackets: {said}", worst, error,
                   instead=f"its bias is the larger one in {larger} of {len(found)} layers: all units are taken between their states at "
                           "once, where the importance weights are right for one alone")
