"""What are other libraries' binary activations?  `make audit`.

Each is called as its own documentation does and told by its states and derivatives alone, as `check_rule` tells anybody's: the noise of its
forward pass, the rule and the noise that its backward pass belongs to, and whether the two are of one unit.  A surrogate that is
matched to no noise is no mistake of its library: spiking networks are trained without a model of the noise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from straightedge.analysis.check.response import Activation
from straightedge.analysis.check.rule import check_rule
from straightedge.estimators.network.error import InputError
from straightedge.experiments.audit.peers import installed


@dataclass(frozen=True)
class Peer:
    """One activation of one library."""

    library: str
    call: str
    make: Callable[[], Activation] = field(compare=False)


def snntorch(name: str) -> Peer:
    """A surrogate of snntorch with its default parameters."""
    return Peer("snntorch", f"surrogate.{name}()", lambda: getattr(import_module("snntorch.surrogate"), name)())


def relaxit(call: str, sample: Callable[[Any, Tensor], Tensor]) -> Peer:
    """A distribution of relaxit, sampled once for each pre-activation."""
    return Peer("relaxit", call, lambda: lambda a: sample(import_module("relaxit.distributions"), a))


def decoupled(distributions, a: Tensor) -> Tensor:
    """Decoupled straight-through Gumbel-softmax of two classes, both temperatures 1."""
    one, logits = torch.tensor(1.0), torch.stack((a, torch.zeros_like(a)), -1)
    return distributions.DecoupledStraightThroughGumbelSoftmax(one, one, logits=logits).rsample()[..., 0]


PEERS = (
    *(snntorch(name) for name in ("atan", "fast_sigmoid", "sigmoid", "triangular", "straight_through_estimator", "spike_rate_escape", "SFS",
                                  "SSO", "heaviside")),
    relaxit("StraightThroughBernoulli(logits=a)", lambda library, a: library.StraightThroughBernoulli(logits=a).rsample()),
    relaxit("DecoupledStraightThroughGumbelSoftmax(1, 1)", decoupled),
    relaxit("GaussianRelaxedBernoulli(a, 1)", lambda library, a: library.GaussianRelaxedBernoulli(a, torch.ones_like(a)).rsample()),
    relaxit("StochasticTimesSmooth(logits=a)", lambda library, a: library.StochasticTimesSmooth(logits=a).rsample()),
)


def activations() -> Iterator[dict]:
    """The lines of every library that is installed, in order; says what is skipped."""
    for library in dict.fromkeys(peer.library for peer in PEERS):
        if not installed(library):
            print(f"audit: {library} is not installed, skipped; `make audit` installs it", flush=True)
    for peer in PEERS:
        if installed(peer.library):
            yield {"library": peer.library, "version": installed(peer.library), "call": peer.call} | report(peer)


def report(peer: Peer) -> dict:
    """What is found of one activation; a sentence where it is none."""
    try:
        found = check_rule(peer.make())
    except InputError as error:
        return {"forward": str(error).removeprefix("check_rule: ")}
    return {"forward": found.forward(), "rule": str(found.rule or "none of this package"), "backward": found.backward(),
            "together": found.together(), "beware": found.beware()}


def markdown(frame: pd.DataFrame) -> str:
    """The table for reading."""
    columns = ("call", "forward", "rule", "backward", "together", "beware")
    lines = ["| library | " + " | ".join(columns) + " |", "|" + "---|" * (len(columns) + 1)]
    for row in frame.fillna("").to_dict("records"):
        found = (f"{row['library']} {row['version']}", f"`{row['call']}`", *(row[name] for name in columns[1:]))
        lines.append("| " + " | ".join(found) + " |")
    return "\n".join(lines) + "\n"
