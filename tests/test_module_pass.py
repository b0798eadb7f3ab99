"""What measuring a module leaves behind, counts, and asks for."""

import pytest
import torch
from modules import cases
from torch import nn

import straightedge as se
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.module.build import module_network
from straightedge.estimators.network.error import InputError, Unsuitable
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.sum.truth import exact_loss

CASES = cases()


def module_of(name):
    """The network of a case."""
    return module_network(*CASES[name])


@pytest.mark.unit
def test_the_model_is_left_as_it_was():
    model, x, y, loss = CASES["digits"]
    before, state = {name: value.clone() for name, value in model.state_dict().items()}, torch.get_rng_state()
    estimator_of("arm")(module_network(model, x, y, loss), 5, torch.Generator().manual_seed(0))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state()) and all(value.grad is None and value.requires_grad for value in model.parameters())


@pytest.mark.unit
def test_other_precisions_give_the_same_numbers():
    """Rows in float32 from the same uniforms, to its rounding, which may flip a state only where u is within it of p."""
    network = module_of("digits")
    us = network.uniform(torch.Generator().manual_seed(0), 30)
    narrow = network.to("cpu", torch.float32)
    wide, found = (draw(one, [u.to(one.theta.dtype) for u in us]) for one in (network, narrow))
    assert found.value.dtype == torch.float32
    torch.testing.assert_close(found.value.double(), wide.value, rtol=1e-5, atol=1e-5)
    rows = [sample.rows([sample.value.unsqueeze(-1) * site.score for site in sample.sites]) for sample in (wide, found)]
    torch.testing.assert_close(rows[1].double(), rows[0], rtol=1e-4, atol=1e-4)


@pytest.mark.exact
def test_a_model_is_a_problem():
    """Its exact gradient and loss by name of its submodules; the noise is the units' own."""
    model, x, y, loss = CASES["skip"]
    problem = se.from_torch(model, x, y, loss=loss)
    found = se.exact_gradient(problem)
    torch.testing.assert_close(torch.cat([found[name] for name in ("first", "second", "out")]), module_of("skip").exact)
    assert se.exact_loss(problem) == pytest.approx(float(exact_loss(module_of("skip"))))
    chain = nn.Sequential(nn.Linear(2, 3), se.Bernoulli(noise="normal", states=(0, 1)), nn.Linear(3, 2))
    network = se.from_torch(chain, x, y).build()
    assert network.noise == NOISES["normal"] and network.states == (0, 1) and network.widths == (3,)
    with pytest.raises(InputError, match="from_torch: noise is not taken for a model with units of its own"):
        se.from_torch(chain, x, y, noise="logistic")
    plain = se.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)), x, y, noise="normal").build()
    assert plain.noise == NOISES["normal"]


@pytest.mark.unit
def test_passes_are_whole_ones():
    network = module_of("recurrent").metered()
    estimator_of("arm")(network, 10, torch.Generator())
    assert network.cost(10) == (4, 1)
    network = network.metered()
    estimator_of("local_expectation")(network, 10, torch.Generator())
    assert network.cost(10) == (7, 1)


@pytest.mark.unit
def test_parameters_that_need_no_gradient_are_not_measured():
    model, x, y, loss = cases()["skip"]
    model.first.requires_grad_(False)
    network = module_network(model, x, y, loss)
    assert list(network.groups) == ["second", "out"] and len(network.theta) == 20


@pytest.mark.unit
@pytest.mark.parametrize("name", ["psa", "relax"])
def test_what_needs_a_chain_says_so(name):
    model, x, y, loss = CASES["skip"]
    with pytest.raises(Unsuitable, match=f"{name} needs .* chain of Linear layers and units"):
        se.measure(model, (x, y), name, loss=loss)
    with pytest.raises(Unsuitable, match="chain of Linear layers and units"):
        estimator_of(name)(module_of("skip"), 2, torch.Generator())


@pytest.mark.unit
def test_too_many_units_are_counted():
    model = nn.Sequential(nn.Linear(2, 21), se.Bernoulli(), nn.Tanh(), nn.Linear(21, 2))
    with pytest.raises(Unsuitable, match="the 21 units that a data point depends on; expected at most 20; or give a reference"):
        se.measure(model, (torch.randn(3, 2), torch.tensor([0, 1, 0])), "arm")


@pytest.mark.exact
@pytest.mark.parametrize("per_point", [False, True])
def test_muprop_has_no_variance_where_the_loss_is_linear_in_the_weights(per_point):
    """Its slopes are then the loss's own; of weights that all points share, their mean over the points."""
    torch.manual_seed(0)
    model, x = nn.Sequential(se.BinaryLinear(3, 2, per_point=per_point)), torch.randn(5, 3)
    network = module_network(model, x, torch.zeros(5), lambda z, y: z.sum(-1))
    rows = estimator_of("muprop")(network, 50, torch.Generator().manual_seed(0))
    torch.testing.assert_close(rows, network.exact.expand(50, -1), rtol=0, atol=1e-13)
    assert estimator_of("disarm")(network, 50, torch.Generator().manual_seed(0)).std(0).max() > 1e-2
