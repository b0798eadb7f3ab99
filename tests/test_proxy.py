"""A proxy by its name: a value, resolved to a function or refused in one sentence."""

import pickle

import pytest
import torch

from straightedge.estimators.clipped_identity import clipped_identity
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.proxy import Proxy, proxy
from straightedge.estimators.tanh_proxy import tanh_proxy

pytestmark = pytest.mark.exact

A = torch.linspace(-2.9, 2.9, 30, dtype=torch.float64)
U = torch.rand(A.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def swish_sign(a):
    return (3 * a).sigmoid() * 2 - 1


def through_rows(a):
    return a.softmax(-1)


def derivative(rule):
    a = A.clone().requires_grad_()
    return torch.autograd.grad(rule(a, U, LOGISTIC).sum(), a)[0]


@pytest.mark.parametrize("name, rule", (("tanh", tanh_proxy), ("hardtanh", clipped_identity),
                                        ("torch.nn.functional:hardtanh", clipped_identity)))
def test_names(name, rule):
    assert torch.equal(derivative(Proxy(name).unit), derivative(rule))
    assert torch.equal(Proxy(name).unit(A, U, LOGISTIC), rule(A, U, LOGISTIC))


def test_own_function_by_name_and_by_hand():
    by_name = derivative(Proxy(f"{__name__}:swish_sign").unit)
    assert torch.equal(by_name, derivative(lambda a, u, noise: proxy(a, u, noise, swish_sign)))
    torch.testing.assert_close(by_name, 6 * (3 * A).sigmoid() * (-3 * A).sigmoid())


def test_is_a_value():
    assert pickle.loads(pickle.dumps(Proxy("erf"))) == Proxy("erf")
    assert hash(Proxy("erf")) == hash(Proxy("erf")) and Proxy("erf") != Proxy("tanh")


@pytest.mark.parametrize("name, message", (
    ("no_such", "found no function 'no_such' in torch or torch.nn.functional; write module:function"),
    ("no_such_module:f", "cannot import module 'no_such_module'"),
    ("math:no_such", "found no function 'no_such' in module math"),
    ("math:pi", "found no function 'pi' in module math"),
    ("", "found no function ''"),
    ("sum", "'sum' is not elementwise"),
    (f"{__name__}:through_rows", "through_rows' is not elementwise"),
    ("math:tanh", "no differentiable function of one tensor"),
    ("matmul", "no differentiable function of one tensor"),
    ("rand_like", "no differentiable function of one tensor"),
    ("acos", "the derivative of 'acos' is not finite"),
))
def test_refusals(name, message):
    with pytest.raises(ValueError) as caught:
        Proxy(name)
    assert message in str(caught.value) and str(caught.value).startswith("proxy: ")
