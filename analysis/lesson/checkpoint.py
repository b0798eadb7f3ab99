"""Where a course of a torch module stands, as plain arrays: parameters and buffers, the optimisers' states, torch's generator, the step.

The file says of which course it is, by its values as JSON: of another course's nothing is taken.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from straightedge.analysis.problem.array import arrays
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import shown

EVERY = 500
"""Steps between two savings: shorter courses are begun anew."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Of one course; saved whole or not at all."""

    path: Path
    values: dict
    model: nn.Module
    optimizers: Sequence[torch.optim.Optimizer]

    def save(self, step: int) -> None:
        """Writes where the course stands after so many steps."""
        buffer = io.BytesIO()
        parts = {f"model.{name}": value.cpu().numpy() for name, value in self.model.state_dict().items()}
        if self.device.type == "cuda":
            parts["rng_device"] = torch.cuda.get_rng_state(self.device).numpy()
        for place, optimizer in enumerate(self.optimizers):
            for number, state in optimizer.state_dict()["state"].items():
                parts |= {f"optimizer{place}.{number}.{name}": value.cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
                          for name, value in state.items()}
        np.savez(buffer, allow_pickle=False, step=np.array(step), rng=torch.get_rng_state().numpy(),  # type: ignore[arg-type]
                 values=np.array(self.text), **parts)
        replace(self.path, buffer.getvalue())

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def text(self) -> str:
        """The values of the course."""
        return json.dumps(self.values, sort_keys=True)

    def load(self) -> int:
        """Goes to the checkpoint and gives its step; 0 where there is none.  Raises ProblemError for that of another course."""
        if not self.path.is_file():
            return 0
        found = arrays(self.path, "a checkpoint of this course")
        if str(found.pop("values", "")) != self.text:
            raise ProblemError(f"{shown(self.path)}: a checkpoint of another configuration; expected one of this course, so move it away")
        try:
            step, rng = int(found.pop("step")), found.pop("rng")
            self.model.load_state_dict({name: torch.as_tensor(found.pop(f"model.{name}")).to(value).reshape(value.shape)
                                        for name, value in self.model.state_dict().items()})
        except (KeyError, RuntimeError):
            raise ProblemError(f"{shown(self.path)}: a checkpoint that lacks a part; remove it and the course begins anew") from None
        for place, optimizer in enumerate(self.optimizers):
            said = optimizer.state_dict()
            state: dict[int, dict] = {}
            for name in [name for name in found if name.startswith(f"optimizer{place}.")]:
                _, number, entry = name.split(".", 2)
                value = torch.as_tensor(found[name])
                plain = not value.dim() and entry != "step"  # as a tensor torch would round it to the parameter's precision
                state.setdefault(int(number), {})[entry] = value.item() if plain else value
            optimizer.load_state_dict(said | {"state": state})
        torch.set_rng_state(torch.as_tensor(rng).to(torch.uint8))
        if "rng_device" in found:
            torch.cuda.set_rng_state(torch.as_tensor(found["rng_device"]).to(torch.uint8), self.device)
        return step
