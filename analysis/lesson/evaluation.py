"""How good a network with stochastic units is depends on how it is asked: in its likeliest state, by its mean, by one sample, by many."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from straightedge.analysis.lesson.architecture import recalibrated
from straightedge.analysis.lesson.labelled import Labelled
from straightedge.estimators.base import Rule
from straightedge.estimators.module.control import ensemble
from straightedge.estimators.module.unit import Bernoulli, Mode, Unit, mode_of
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.straight_through import StraightThrough

ENSEMBLE = 10
"""Samples whose probabilities are averaged."""
WAYS = ("likeliest", "mean", "sample", "ensemble")
"""Of asking."""
WORST = 1e6
"""The loss that is told of a network whose own is no number, or more."""


def errors(model: nn.Module, data: Labelled) -> dict[str, float]:
    """The share of wrong answers on both parts that were not trained on, as `test_likeliest`; with statistics of batch norm found in the
    likeliest state, as `test_recalibrated`; the loss and error of a sample on the training part, and how certain units are."""
    (x, y), again = data.train, copy.deepcopy(model)
    found: dict[str, float] = {}
    with asked(again, "likeliest"):
        recalibrated(again, x)
    for name, (inner, labels) in (("validation", data.validation), ("test", data.test)):
        found |= {f"{name}_{way}": wrong(answer(model, inner, way), labels) for way in WAYS}
        found[f"{name}_recalibrated"] = wrong(answer(again, inner, "likeliest"), labels)
    z = answer(model, x, "sample")
    loss = nn.functional.cross_entropy(z, y).nan_to_num(WORST).clamp_max(WORST)
    return found | {"train_sample": wrong(z, y), "train_likeliest": wrong(answer(model, x, "likeliest"), y), "loss": float(loss),
                    "certainty": certainty(model, x)}


@contextmanager
def asked(model: nn.Module, mode: Mode) -> Iterator[None]:
    """Inside, in evaluation, units sample hard states, or take their mean or likeliest state, whatever rule trained them.  Those that were
    trained without noise, as signs, are signs in any way of asking."""
    found = [module for module in model.modules() if isinstance(module, Unit)]
    own = [(unit.rule, unit.mode) for unit in found]
    for unit in found:
        if signs(unit.rule):
            unit.mode = "likeliest"
        else:
            unit.rule, unit.mode = StraightThrough(), mode
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        for unit, (rule, before) in zip(found, own, strict=True):
            unit.rule, unit.mode = rule, before


def signs(rule: Rule) -> bool:
    """Whether its states are hard without noise."""
    a = torch.tensor([0.3], dtype=torch.float64)
    return not rule.random and float(rule.state(a, torch.tensor([0.9]).to(a), (), LOGISTIC)) == 1.0


def answer(model: nn.Module, x: Tensor, way: str) -> Tensor:
    """Scores [b, classes] of the network asked in this way."""
    with asked(model, "sample" if way == "ensemble" else mode_of(way)):
        if way == "ensemble" and any(isinstance(module, Unit) for module in model.modules()):
            return ensemble(model, x, ENSEMBLE, lambda z: z.softmax(-1))
        return model(x)


def wrong(z: Tensor, y: Tensor) -> float:
    """The share of points whose greatest score is not their class's; what is no number is wrong."""
    return float((z.nan_to_num(-torch.inf).argmax(-1) != y).double().mean()) if bool(torch.isfinite(z).any()) else 1.0


def certainty(model: nn.Module, x: Tensor) -> float:
    """The mean over Bernoulli activations of |E x|: 0 for fair coins, 1 for certain units and where there are none."""
    found: list[float] = []

    def hear(module: nn.Module, inputs: tuple, output: Tensor) -> None:
        found.append(float(output.abs().mean()))

    hooks = [module.register_forward_hook(hear) for module in model.modules() if isinstance(module, Bernoulli)]
    answer(model, x, "mean")
    for hook in hooks:
        hook.remove()
    return sum(found) / len(found) if found else 1.0
