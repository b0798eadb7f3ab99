"""A course of training whose checkpoints say of which course they are: one that was killed goes on bit for bit, and of another course's
checkpoint nothing is taken.

The files are PATH-STEP.npz, plain arrays.  Those of the numbers of steps that were asked for stay, the others are replaced as it goes on,
so that a longer course begins where a shorter one ended.  Learned controls (RODEO's) are learned anew every RENEWED steps and kept
between: their mean is zero whatever was learned.  Where that was is in the checkpoint too, and learning is repeated there.
"""

import io
import json
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from straightedge.analysis.problem.array import arrays
from straightedge.analysis.problem.course import EVERY, NAMES, State
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import shown
from straightedge.estimators.base import Estimator
from straightedge.estimators.catalogue.estimate import estimates
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.network import Network
from straightedge.estimators.sampling.learning import LEARNED, LearningEstimator

RENEWED = 50
"""Steps for which what a control learned is used."""
LISTENER: ContextVar[Callable[[int], object] | None] = ContextVar("LISTENER", default=None)
"""Is told of steps as they are made."""


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
class Marked(State):
    """Where a course stands, and which it is."""

    values: str = "{}"
    """The plain values of the course, as JSON."""
    taught: Tensor = field(default_factory=lambda: torch.zeros(0))
    """The parameters at which controls were learned last."""

    def save(self, path):
        """Writes the checkpoint, whole or not at all."""
        adam, buffer = self.optimizer.state[self.theta], io.BytesIO()
        parts = dict(zip(NAMES, (self.theta.detach(), adam["exp_avg"], adam["exp_avg_sq"]), strict=True)) | {"taught": self.taught}
        np.savez(buffer, allow_pickle=False, step=np.array(self.step), rng=self.rng.get_state().numpy(),  # type: ignore[arg-type]
                 values=np.array(self.values), **{name: part.numpy() for name, part in parts.items()})
        replace(path, buffer.getvalue())

    def load(self, path, most):
        """Goes to the checkpoint.  Raises ProblemError where it is none of this course."""
        found = arrays(path, "a checkpoint of this course")
        if str(found.get("values")) != self.values:
            raise ProblemError(f"{shown(path)}: a checkpoint of another configuration ({differences(self.values, found.get('values'))}); "
                               "expected one of this course, so move it away or name another folder by --results")
        if found.keys() != {"step", "rng", "values", "taught", *NAMES} or any(found[name].shape != self.theta.shape for name in NAMES):
            raise ProblemError(f"{shown(path)}: a checkpoint that lacks a part; expected {', '.join(NAMES)}, step, rng and taught; "
                               "remove it and the course begins anew")
        theta, mean, square, self.taught = (torch.as_tensor(found[name]) for name in (*NAMES, "taught"))
        self.step = int(found["step"])
        self.theta.data.copy_(theta)
        self.optimizer.state[self.theta] = {"step": torch.tensor(float(self.step)), "exp_avg": mean, "exp_avg_sq": square}
        self.rng.set_state(torch.as_tensor(found["rng"]).to(torch.uint8))


@dataclass(frozen=True)
class Resumable:
    """`steps` of Adam along one estimate of the trainer's each."""

    trainer: str
    steps: int
    rate: float
    seed: int = 0

    def __call__(self, network: Network, values: dict, path: Path | None = None) -> Network:
        """The network after these steps; `path` is that of the checkpoints, without the step, None for none.  `values` name the course."""
        fresh = State.fresh(network, self.rate, self.seed)
        state = Marked(fresh.theta, fresh.optimizer, fresh.rng, values=json.dumps(values, sort_keys=True))
        if path:
            self.resume(state, path)
        estimator, control, heard, before = estimator_of(self.trainer), None, LISTENER.get(), None
        while state.step < self.steps:
            here = network.at(state.theta.detach())
            if isinstance(estimator, LearningEstimator):
                if state.step % RENEWED == 0:
                    control, state.taught = None, state.theta.detach().clone()
                control = learned(estimator, network.at(state.taught)) if control is None else control
                LEARNED[here] = control
            state.theta.grad = estimates(estimator, here, 1, state.rng)[0].clone()
            state.optimizer.step()
            state.step += 1
            if path and (state.step % EVERY == 0 or state.step == self.steps):
                state.save(numbered(path, state.step))
                if before is not None:
                    numbered(path, before).unlink(missing_ok=True)
                before = state.step
            if heard:
                heard(1)
        return network.at(state.theta.detach().clone())

    def resume(self, state: Marked, path: Path) -> None:
        """Goes to the latest checkpoint of no more than these steps."""
        steps = {int(one.stem.rpartition("-")[2]): one for one in path.parent.glob(f"{path.name}-*.npz")}
        for step in sorted((step for step in steps if step <= self.steps), reverse=True):
            if steps[step].is_file():
                state.load(steps[step], self.steps)
                return


def numbered(path: Path, step: int) -> Path:
    """The checkpoint of this step."""
    return path.with_name(f"{path.name}-{step}.npz")


def learned(estimator: LearningEstimator, network: Network) -> dict[Estimator, object]:
    """What the estimator learns on this network."""
    estimator.learned(network)
    return LEARNED[network]
