"""Modules: the same numbers as the engine where they are chains, brute force where they are anything else.

Sampled comparisons: 20 000 rows, every coordinate within 5.5 standard errors; with some 30 coordinates and 80 comparisons that is one false
alarm in 10 000 runs.  Power: the same rows scaled by 0.8 are outside.
"""

from dataclasses import replace

import pytest
import torch
from modules import as_module, brute_force, cases, loss_of
from torch import nn

import straightedge as se
from straightedge.analysis.problem.bernoulli import BernoulliWeights
from straightedge.analysis.problem.classification import Points
from straightedge.estimators.catalogue.registry import registry
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.module.build import module_network
from straightedge.estimators.network.noise import NOISES
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.sum.truth import exact_gradient, exact_loss

CASES = cases()
UNITS = {"tied": 4, "skip": 4, "recurrent": 6, "spiking": 6, "weights": 7, "kernel": 8, "penalty": 4, "digits": 9}
CHAINS = {"two layers": Points((3, 2), points=4), "logistic": Points((2, 3), points=3, loss="logistic", states="01"),
          "one layer": Points((4,), points=3)}
LEARNED = ("double_cv", "rodeo", "rebar")
"""Weights of their controls are learned for the deltas, where a chain's are for its parameters: rows differ."""
SUITED = [name for name, kind in registry().items() if not kind.chain_only and name not in ("exact", "bayesbinn", "proxy", *LEARNED)]
SPELLED = [*SUITED, "reinforce:baseline=constant,constant=0.4", "reinforce:baseline=leave_one_out,samples=3",
           "reinforce:baseline=running_mean,learning_samples=500", "measure_valued:coupled=false", "proxy:function=erf"]
UNBIASED = ["reinforce:baseline=leave_one_out,samples=2", "arm", "disarm", "local_expectation", "muprop",
            "double_cv:learning_samples=500", "rodeo:learning_samples=500", "rebar:learning_samples=500"]


def module_of(name):
    """The network of a case."""
    return module_network(*CASES[name])


def pair(problem):
    """(the chain, the same as a module)."""
    chain = problem.build()
    return chain, module_network(as_module(chain), chain.inputs, chain.labels, loss_of(chain))


def score(rows, truth):
    """The largest |z| of the mean row against a truth, over coordinates."""
    error = rows.std(0) / len(rows) ** 0.5
    assert rows.isfinite().all()
    return ((rows.mean(0) - truth).abs() / (error + 1e-9)).max()


# A chain written as a module


@pytest.mark.exact
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_as_a_module_has_the_gradient_of_the_engine(name, noise):
    chain, module = pair(replace(CHAINS[name], noise=noise))
    torch.testing.assert_close(exact_gradient(module), exact_gradient(chain), rtol=0, atol=1e-14)
    torch.testing.assert_close(exact_loss(module), exact_loss(chain), rtol=0, atol=1e-14)
    other = pair(replace(CHAINS[name], noise="normal" if noise == "logistic" else "logistic"))[1]
    assert (exact_gradient(other) - exact_gradient(chain)).abs().max() > 1e-4


@pytest.mark.exact
@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("name", ["two layers", "logistic"])
def test_rows_of_a_module_are_those_of_the_engine(name, spelled):
    """For the same uniforms, to rounding: so means and variances are the same."""
    chain, module = pair(CHAINS[name])
    estimator = estimator_of(spelled)
    ours, theirs = (estimator(network, 40, torch.Generator().manual_seed(5)) for network in (module, chain))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    if estimator.random:
        assert (estimator(module, 40, torch.Generator().manual_seed(6)) - theirs).abs().max() > 1e-3


@pytest.mark.exact
@pytest.mark.parametrize("name", CHAINS)
def test_slopes_of_a_sample_are_those_of_the_engine(name):
    """What control variates are made of: an unbiased estimator would hide a wrong one."""
    found = []
    for network in pair(CHAINS[name]):
        sample = draw(network, network.uniform(torch.Generator().manual_seed(0), 6, 2), True)
        found.append(sample.slopes([site.noise.density(site.a) for site in sample.sites]))
    torch.testing.assert_close(*found, rtol=0, atol=1e-13)
    assert min(slope.std() for slope in found[0]) > 1e-3


@pytest.mark.exact
def test_a_vector_of_units_without_input_is_a_module_too():
    chain, module = pair(BernoulliWeights())
    torch.testing.assert_close(exact_gradient(module), exact_gradient(chain), rtol=0, atol=1e-14)
    ours, theirs = (estimator_of("disarm")(network, 20, torch.Generator().manual_seed(0)) for network in (module, chain))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.exact
def test_the_function_is_measured_as_the_module_is():
    class Plain(nn.Module):
        def __init__(self, given):
            super().__init__()
            self.read, self.out = given[0], given[2]

        def forward(self, x):
            return self.out(se.bernoulli(self.read(x), noise="normal", states=(0, 1)))

    chain = replace(CHAINS["one layer"], noise="normal", states="01").build()
    model = as_module(chain)
    ours, theirs = (module_network(one, chain.inputs, chain.labels, loss_of(chain)) for one in (Plain(model), model))
    for spelled in ("straight_through", "disarm"):
        rows = [estimator_of(spelled)(network, 20, torch.Generator().manual_seed(0)) for network in (ours, theirs)]
        torch.testing.assert_close(*rows, rtol=0, atol=1e-13)


@pytest.mark.exact
@pytest.mark.parametrize("spelled", ["straight_through", "arm", "reinforce:baseline=leave_one_out,samples=3", "muprop",
                                     "double_cv:learning_samples=300"])
def test_rows_one_by_one_are_rows_mapped(spelled):
    network = module_of("weights")
    apart = replace(network, program=replace(network.program, mapped=False))
    assert network.program.mapped
    ours, theirs = (estimator_of(spelled)(one, 7, torch.Generator().manual_seed(0)) for one in (network, apart))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)


# Modules that are no chains


@pytest.mark.wide
@pytest.mark.exact
@pytest.mark.parametrize("name", CASES)
def test_the_exact_gradient_is_that_of_brute_force(name):
    network = module_of(name)
    assert sum(network.widths) == UNITS[name]
    truth = brute_force(CASES[name], UNITS[name])
    torch.testing.assert_close(exact_gradient(network), truth, rtol=0, atol=1e-13)
    assert (brute_force(CASES[name], UNITS[name], lambda a, unit: unit.noise.density(a)) - truth).abs().max() > 1e-4


@pytest.mark.sampled
@pytest.mark.parametrize("spelled", UNBIASED)
@pytest.mark.parametrize("name", CASES)
def test_unbiased_estimators_are_so_on_modules(name, spelled):
    network = module_of(name)
    rows = estimator_of(spelled)(network, 20_000, torch.Generator().manual_seed(1))
    assert score(rows, exact_gradient(network)) < 5.5
    assert score(0.8 * rows, exact_gradient(network)) > 5.5


@pytest.mark.sampled
@pytest.mark.parametrize(("spelled", "factor"), [("straight_through", lambda a, unit: 2 * unit.noise.density(a)),
                                                 ("identity", lambda a, unit: torch.ones_like(a))])
@pytest.mark.parametrize("name", CASES)
def test_the_mean_row_of_a_rule_is_that_of_brute_force(name, spelled, factor):
    network, truth = module_of(name), brute_force(CASES[name], UNITS[name], factor)
    rows = estimator_of(spelled)(network, 20_000, torch.Generator().manual_seed(2))
    assert score(rows, truth) < 5.5
    assert score(0.8 * rows, truth) > 5.5
