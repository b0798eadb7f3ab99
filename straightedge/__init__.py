"""Straightedge: the ruler for gradient estimators of stochastic binary networks.

    advise            which estimator for this network, in a dozen lines
    measure           bias, variance, RMSE and direction of estimators on a network, as one Result
    network           a network from arrays;  from_torch: from a torch model;  load: from a file
    exact_gradient    the truth, layer by layer;  exact_loss: the expected loss
    moments           exact mean and variance of an estimator
    estimators()      lists the estimators
    Bernoulli, BinaryLinear, BinaryConv2d   stochastic units and weights for torch models;  bernoulli: the same as a function
    using, ensemble   other rules for a while; predictions averaged over samples
    Probe             the same measurement along training, called in a loop of your own
    check             whether an estimator keeps its promises;  assert_unbiased: the same for anybody's function, in a test
    check_rule        which rule, for which noise, somebody's binary activation is
    InputError        what all of these raise for bad input, in one sentence

Everything else is internal.  What is named here is imported when it is first used.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if not (Path(__file__).parent / "estimators").is_dir():  # a checkout: the rooms stand beside this folder, in a wheel inside it
    __path__.append(str(Path(__file__).parent.parent))

if TYPE_CHECKING:
    from straightedge import estimators
    from straightedge.advice import advise
    from straightedge.analysis.check.rule import check_rule
    from straightedge.analysis.check.unbiased import assert_unbiased
    from straightedge.analysis.problem.archive import Archive as load
    from straightedge.analysis.problem.given import network
    from straightedge.analysis.problem.module import from_torch
    from straightedge.estimators.module.control import ensemble, using
    from straightedge.estimators.module.unit import Bernoulli, bernoulli
    from straightedge.estimators.module.weight import BinaryConv2d, BinaryLinear
    from straightedge.estimators.network.error import InputError
    from straightedge.measurement import measure
    from straightedge.probe import Probe
    from straightedge.result import Result
    from straightedge.truth import check, exact_gradient, exact_loss, moments

WHERE = {
    "advise": "straightedge.advice:advise",
    "assert_unbiased": "straightedge.analysis.check.unbiased:assert_unbiased",
    "Bernoulli": "straightedge.estimators.module.unit:Bernoulli",
    "bernoulli": "straightedge.estimators.module.unit:bernoulli",
    "BinaryConv2d": "straightedge.estimators.module.weight:BinaryConv2d",
    "BinaryLinear": "straightedge.estimators.module.weight:BinaryLinear",
    "check": "straightedge.truth:check",
    "check_rule": "straightedge.analysis.check.rule:check_rule",
    "ensemble": "straightedge.estimators.module.control:ensemble",
    "exact_gradient": "straightedge.truth:exact_gradient",
    "exact_loss": "straightedge.truth:exact_loss",
    "from_torch": "straightedge.analysis.problem.module:from_torch",
    "InputError": "straightedge.estimators.network.error:InputError",
    "load": "straightedge.analysis.problem.archive:Archive",
    "measure": "straightedge.measurement:measure",
    "moments": "straightedge.truth:moments",
    "network": "straightedge.analysis.problem.given:network",
    "Probe": "straightedge.probe:Probe",
    "Result": "straightedge.result:Result",
    "using": "straightedge.estimators.module.control:using",
}
__all__ = ["Bernoulli", "BinaryConv2d", "BinaryLinear", "InputError", "Probe", "Result", "advise", "assert_unbiased", "bernoulli", "check",
           "check_rule", "ensemble", "estimators", "exact_gradient", "exact_loss", "from_torch", "load", "measure", "moments", "network",
           "using"]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("straightedge")
    if name in ("estimators", "analysis", "experiments"):
        return import_module(f"straightedge.{name}")
    if name not in WHERE:
        raise AttributeError(f"module 'straightedge' has no attribute {name!r}")
    module, attribute = WHERE[name].split(":")
    return vars(import_module(module))[attribute]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
