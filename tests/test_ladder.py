"""The ladder of problems: what its losses are, and that rows of the checks see every state."""

from itertools import product

import pytest
import torch

from straightedge.analysis.check.ladder import CLASSES, LOGITS, cubic, ladder, linear, members, multi_affine, quadratic, vector
from straightedge.analysis.check.truth import MOST
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sampling.forward import trunk
from straightedge.estimators.sum.expectation import exact_gradient

pytestmark = pytest.mark.sampled

STATES = torch.tensor(list(product((-1.0, 1.0), repeat=4)), dtype=torch.float64)


def mixed(function, *units):
    """The second derivatives by one unit twice, at every state: zero for a multi-affine function."""
    x = STATES.clone().requires_grad_()
    first, = torch.autograd.grad(function(x).sum(), x, create_graph=True)
    return torch.stack([torch.autograd.grad(first[:, unit].sum(), x, retain_graph=True)[0][:, unit] if first[:, unit].requires_grad
                        else torch.zeros(len(x), dtype=torch.float64) for unit in units])


def test_losses_are_what_they_are_called():
    assert not mixed(multi_affine, *range(4)).any()
    assert mixed(quadratic, *range(4)).abs().min() > 0.1
    x = STATES.clone().requires_grad_()
    slope, = torch.autograd.grad(linear(x).sum(), x)
    assert torch.equal(slope, slope[:1].expand_as(slope))
    assert mixed(cubic, 0).unique().numel() == 2  # not quadratic either


def test_every_state_is_seen_often():
    """At least 250 times in the rows that a check may draw, so that no estimator is judged on events that it has not seen."""
    for name, network in ladder().items():
        _, activations, _ = trunk(network, network.uniform(torch.Generator().manual_seed(0), 4000))
        for a in activations:
            p = torch.cat((network.noise.cdf(a), network.noise.cdf(-a)))
            assert float(p[p > 0].min()) * MOST > 250, name


def test_gradients_are_not_trivial():
    for name, network in ladder().items():
        assert bool(exact_gradient(network).any()) == (name != "constant")


@pytest.mark.parametrize("noise", NOISES)
def test_vector_has_the_same_spread_under_every_noise(noise):
    network = vector(linear, NOISES[noise])
    p = NOISES[noise].cdf(network.theta)
    assert float(p.min()) > 0.15 and float(p.max()) < 0.85
    assert len(p) == len(LOGITS)


def test_classes():
    everywhere, single = members("multi_affine"), members("multi_affine:uniform")
    assert len(everywhere) == 5 * len(single) == 5 * 2 * len(CLASSES["multi_affine"])
    for network, where in members("last_layer").values():
        assert where.start == network.groups[f"layer{network.depth - 1}"].start
        assert where.stop is None
    for claim in ("everything", "linear:cauchy", "last_layer:no"):
        with pytest.raises(ValueError, match="unknown class of exactness"):
            members(claim)
