"""Checks of the form: what comes back, what is left untouched, what the docstring declares.

A check takes the estimator and the networks of the ladder that suit it; it returns one line saying what it saw, and raises
AssertionError where the estimator does not keep the contract.
"""

import pickle
from dataclasses import replace

import torch

from straightedge.analysis.check.docstring import HEADINGS, headings, passes
from straightedge.analysis.check.draw import Networks, rows
from straightedge.analysis.check.ladder import layered, vector
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.estimate import broken
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import BITS

FLOAT32 = ("constant", "unequal_widths", "saturated")


def check_shape(estimator: Estimator, networks: Networks) -> str:
    """n rows of d finite numbers in the network's dtype, for n = 1, 2, 7, and 300 once."""
    single = {f"{name} in float32": networks[name].to("cpu", torch.float32) for name in FLOAT32 if name in networks}
    for name, network in (networks | single).items():
        for n in (1, 2, 7, 300) if len(network.theta) < 40 else (1, 2, 7):
            estimate = rows(estimator, network, n)
            fault = broken(estimate, network, n)
            if not fault and estimate.dtype != network.theta.dtype:
                fault = f"expected {network.theta.dtype} as the network has, got {estimate.dtype}"
            if fault:
                raise AssertionError(f"{name}: {fault}")
    return f"n = 1, 2, 7, 300 on {len(networks)} networks of the ladder, {len(single)} more in float32"


def check_detached(estimator: Estimator, networks: Networks) -> str:
    """Rows carry no autograd graph, even where gradients are enabled."""
    for name, network in networks.items():
        with torch.enable_grad():
            if rows(estimator, network, 2).requires_grad:
                raise AssertionError(f"{name}: the rows carry an autograd graph; detach them")
    return "no row carries a graph"


def check_unchanged(estimator: Estimator, networks: Networks) -> str:
    """Neither the network's tensors nor the estimator are written to."""
    for name, network in networks.items():
        tensors = {"theta": network.theta, "inputs": network.inputs, "labels": network.labels, "coefficients": network.coefficients}
        before = {key: (value.clone(), value._version, value.requires_grad) for key, value in tensors.items()}
        bytes_before = pickle.dumps(estimator)
        rows(estimator, network, 2)
        for key, (value, version, graph) in before.items():
            if not torch.equal(tensors[key], value) or tensors[key]._version != version or tensors[key].requires_grad != graph:
                raise AssertionError(f"{name}: the call writes into the network's {key}")
        if pickle.dumps(estimator) != bytes_before:
            raise AssertionError(f"{name}: the call changes the estimator's fields")
    return "network and estimator as before"


def check_value(estimator: Estimator, networks: Networks) -> str:
    """Hash, equality and pickle: an estimator is a value."""
    try:
        same, number, copy = replace(estimator), hash(estimator), pickle.loads(pickle.dumps(estimator))
    except Exception as error:
        raise AssertionError(f"must be a frozen dataclass of plain values, but {type(error).__name__}: {error}") from None
    for other, how in ((same, "the same fields"), (copy, "a pickle round trip")):
        if other != estimator or hash(other) != number:
            raise AssertionError(f"{how} gives an estimator that is not equal, or has another hash")
    name, network = next(iter(networks.items()))
    if not torch.equal(rows(estimator, network, 3), rows(copy, network, 3)):
        raise AssertionError(f"{name}: a pickle round trip gives other rows")
    return "hashable, equal, survives pickle"


def check_documented(estimator: Estimator, networks: Networks) -> str:
    """The five headings in order, a formula, a paper, and a Bias line that says what the class claims."""
    found = headings(type(estimator))
    if tuple(found)[1:] != HEADINGS:
        raise AssertionError(f"the docstring needs the headings {', '.join(HEADINGS)} in this order, got {list(found)[1:]}")
    if not found[""].split("  ")[0].rstrip().endswith("."):
        raise AssertionError("the docstring's first sentence must say what the estimator is and end with a full stop")
    if not any(sign in found["By"] for sign in "=(+-*/^") and " as " not in f" {found['By']} ":
        raise AssertionError(f"the By line must hold the formula, got {found['By']!r}")
    if not any(character.isdigit() for character in found["Paper"]):
        raise AssertionError(f"the Paper line must name authors, year and identifier, got {found['Paper']!r}")
    if estimator.unbiased != found["Bias"].startswith("none"):
        raise AssertionError(f"unbiased = {estimator.unbiased}, but the Bias line says {found['Bias']!r}")
    return "five headings, formula, paper"


def check_cost(estimator: Estimator, networks: Networks) -> str:
    """The passes counted are those that the Cost line declares."""
    counts = {}
    for name, network in networks.items():
        declared, totals = passes(estimator, network), []
        for n in (4, 8):
            before = network.cost(1)
            rows(estimator, network, n)
            totals.append([after - start for after, start in zip(network.cost(1), before, strict=True)])
        counted = tuple((more - fewer) / 4 for fewer, more in zip(*totals, strict=True))
        if max(abs(a - b) for a, b in zip(counted, declared, strict=True)) > 1e-6:
            raise AssertionError(f"{name}: counted {counted[0]:.4g} forward and {counted[1]:.4g} backward passes an estimate, but "
                                 f"{headings(type(estimator))['Cost']!r} stands for {declared[0]:.4g} and {declared[1]:.4g}")
        counts[name] = counted
    name, (forward, backward) = max(counts.items(), key=lambda item: item[1])
    return f"as counted on {len(counts)} networks; at most {forward:.4g} forward, {backward:.4g} backward ({name})"


def check_suits(estimator: Estimator, networks: Networks) -> str:
    """Every network gives finite rows or one clear sentence, raised as Unsuitable; never a crash."""
    step = StateFunction(lambda x: (x > 0).all(-1).to(x.dtype))
    odd = {
        "a loss without derivative": vector(step.function),
        "a loss without derivative, two layers": layered((1, 2, 2), step, [0], states=BITS),
        "one unit a layer": layered((1, 1, 1, 1), StateFunction(lambda x: x[..., 0]), [0]),
        "nine layers": layered((2,) * 10, StateFunction(lambda x: x.prod(-1)), [0]),
        "certain units": vector(lambda x: x.sum(-1), logits=(800.0, -800.0)),
    }
    refused = []
    for name, network in (networks | odd).items():
        try:
            estimator.check(network)
            estimate = rows(estimator, network, 2)
        except Unsuitable as reason:
            if len(str(reason).strip()) < 10 or "\n" in str(reason):
                raise AssertionError(f"{name}: Unsuitable must say in one sentence what is needed, got {str(reason)!r}") from None
            refused.append(name)
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{name}: crashes, {type(error).__name__}: {error}; raise Unsuitable in check()") from error
        else:
            if not bool(torch.isfinite(estimate).all()):
                raise AssertionError(f"{name}: rows hold NaN or infinity; raise Unsuitable in check()")
    return f"no crash on {len(networks) + len(odd)} networks" + (f"; refuses {', '.join(refused)}" if refused else "")
