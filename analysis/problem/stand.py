"""Where a course of training stands, as plain arrays: parameters, both moments of Adam, the generator's state and the step.

The file says of which course it is, by its values as JSON: of another course's nothing is taken.
"""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from straightedge.analysis.problem.array import arrays
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import shown
from straightedge.estimators.network.network import Network

NAMES = ("theta", "mean", "square")


def differences(mine: str, other: object) -> str:
    """What another course's values, as JSON, have that mine have not: 'rate 0.1 in the place of 0.01'."""
    try:
        values = json.loads(str(other))
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return "it does not say which"
    own = json.loads(mine)
    found = [f"{name} {values.get(name)} in the place of {own.get(name)}" for name in sorted({*own, *values})
             if values.get(name) != own.get(name)]
    return visible(", ".join(found[:3]))


@dataclass(eq=False)
class Stand:
    """Where a course stands, and which it is."""

    theta: Tensor
    optimizer: torch.optim.Adam
    rng: torch.Generator
    values: str = "{}"
    """The plain values of the course, as JSON."""
    step: int = 0
    taught: Tensor = field(default_factory=lambda: torch.zeros(0))
    """The parameters at which controls were learned last."""

    @classmethod
    def fresh(cls, network: Network, rate: float, seed: int, values: dict) -> "Stand":
        """Before the first step, on the network's device."""
        theta = network.theta.clone().requires_grad_()
        rng = torch.Generator(theta.device).manual_seed(seed)
        return cls(theta, torch.optim.Adam([theta], lr=rate), rng, json.dumps(values, sort_keys=True))

    def save(self, path: Path) -> None:
        """Writes the checkpoint, whole or not at all."""
        adam, buffer = self.optimizer.state[self.theta], io.BytesIO()
        parts = dict(zip(NAMES, (self.theta.detach(), adam["exp_avg"], adam["exp_avg_sq"]), strict=True)) | {"taught": self.taught}
        np.savez(buffer, allow_pickle=False, step=np.array(self.step), rng=self.rng.get_state().numpy(),  # type: ignore[arg-type]
                 values=np.array(self.values), **{name: part.cpu().numpy() for name, part in parts.items()})
        replace(path, buffer.getvalue())

    def load(self, path: Path, step: int) -> None:
        """Goes to the checkpoint of this step.  Raises ProblemError where it is none of this course."""
        found = arrays(path, "a checkpoint of this course")
        if str(found.get("values")) != self.values:
            raise ProblemError(f"{shown(path)}: a checkpoint of another configuration ({differences(self.values, found.get('values'))}); "
                               "expected one of this course, so move it away or name another folder by --results")
        if found.keys() != {"step", "rng", "values", "taught", *NAMES} or found["step"] != step \
                or any(found[name].shape != self.theta.shape for name in NAMES):
            raise ProblemError(f"{shown(path)}: a checkpoint that lacks a part; expected {', '.join(NAMES)}, step {step}, rng and taught; "
                               "remove it and the course begins anew")
        theta, mean, square, self.taught = (torch.as_tensor(found[name]).to(self.theta.device) for name in (*NAMES, "taught"))
        self.step = step
        self.theta.data.copy_(theta)
        self.optimizer.state[self.theta] = {"step": torch.tensor(float(self.step)), "exp_avg": mean, "exp_avg_sq": square}
        self.rng.set_state(torch.as_tensor(found["rng"]).to(torch.uint8))
