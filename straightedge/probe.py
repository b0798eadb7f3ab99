"""`Probe`: estimators measured along training, from inside the user's own loop, which goes on as if nothing had been measured."""

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import nn

from straightedge.analysis.cell.measure import forget
from straightedge.analysis.cell.table import text
from straightedge.analysis.figure import look
from straightedge.analysis.figure.along import PICTURE
from straightedge.analysis.problem.module import bare
from straightedge.analysis.store.file import replace
from straightedge.estimators.module.build import copied
from straightedge.estimators.network.error import Failed, InputError
from straightedge.measurement import chosen, measure
from straightedge.result import Result

SHARE = re.compile(r"^\s*(\d+\.?\d*|\.\d+)\s*%\s*(?:of\s+time)?\s*$")


class Probe:
    """Measures estimators every so many calls on one fixed batch.

        probe = se.Probe(["straight_through", "disarm"], data=(x, y), loss=F.cross_entropy, every=200, budget="5% of time")
        for batch in loader:
            ...                       # the user's own step
            probe(model)

    Weights, optimiser, batch norm's statistics and every random state are as before a call; the model is copied.

    estimators  as in `measure`
    data        (x, y) of the batch; if not given, what the first call is given
    loss        as in `measure`
    every       calls from one checkpoint to the next; the first call is checkpoint 0
    budget      the part of the time since the probe was made that it may take: '5% of time', or None for all it needs.  A checkpoint that
                would take longer, if it took as long as the last, is left out and counted in `skipped`
    frozen      whether batch norm, dropout and the like are as in evaluation; else as they are, see docs/model.md on points that touch
    csv         a file that holds the table, written anew at every checkpoint
    log         a SummaryWriter of TensorBoard, wandb or a run of it: gets bias, deviation, RMSE and efficiency of the whole gradient
    options     the others of `measure`, as rows, seeds, reference
    """

    def __init__(self, estimators: Any, *, data: Any = None, loss: Any = "cross_entropy", every: int = 200,
                 budget: object = "5% of time", frozen: bool = True, csv: str | Path | None = None, log: Any = None, rows: int = 500,
                 seeds: int = 4, clock: Callable[[], float] = time.perf_counter, **options: Any):
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise InputError(f"every: {every!r}; expected a whole number of calls from 1")
        self.share = share_of(budget)
        if log is not None and not (hasattr(log, "add_scalar") or hasattr(log, "log")):
            raise InputError(f"log: {type(log).__name__}; expected a SummaryWriter, wandb or a run of it")
        if csv is not None and (Path(csv).suffix != ".csv" or not Path(csv).absolute().parent.is_dir()):
            raise InputError(f"csv: {csv}; expected a name that ends in .csv, in a folder that exists")
        self.estimators, self.data, self.loss, self.every, self.frozen = chosen(estimators), data, loss, every, frozen
        self.csv, self.log, self.clock = None if csv is None else Path(csv), log, clock
        self.options = {"rows": rows, "seeds": seeds, "jobs": 1} | options
        self.calls, self.skipped, self.spent, self.last, self.began = 0, 0, 0.0, 0.0, clock()
        self.results: dict[int, Result] = {}
        """Step -> what was found there."""
        self.failures: dict[int, str] = {}
        """Step -> why nothing was."""
        self.seconds: dict[int, float] = {}

    def __call__(self, model: nn.Module, data: Any = None) -> Result | None:
        """To be called once a step: the result, at a checkpoint that was measured.

        Raises InputError where the first checkpoint cannot be measured; why later ones could not is in `failures`, and training goes on."""
        step, self.calls = self.calls, self.calls + 1
        self.data = data if self.data is None else self.data
        if step % self.every:
            return None
        now = self.clock()
        if self.share is not None and self.spent and self.spent + self.last > self.share * (now - self.began):
            self.skipped += 1
            return None
        try:
            with untouched():
                self.results[step] = self.measured(model)
        except (InputError, Failed) as error:
            if not self.results:
                raise
            self.failures[step] = str(error)
        finally:
            self.last = self.seconds[step] = self.clock() - now
            self.spent += self.last
        if step in self.results:
            self.tell(step)
        return self.results.get(step)

    def measured(self, model: nn.Module) -> Result:
        """The result of this model as it is now."""
        own = copied(bare(model)) if isinstance(model, nn.Module) else model
        if self.frozen and isinstance(own, nn.Module):
            own.eval()
        try:
            return measure(own, self.data, estimators=self.estimators, loss=self.loss, **self.options)
        finally:
            forget()

    @property
    def table(self) -> pd.DataFrame:
        """The tables of all checkpoints, below each other, with the step and the seconds that it took."""
        parts = [result.table.assign(step=step, seconds_of_probe=self.seconds[step]) for step, result in self.results.items()]
        if not parts:
            return pd.DataFrame()
        whole = pd.concat(parts, ignore_index=True)
        return whole[["step", *(name for name in whole.columns if name != "step")]]

    def plot(self, width: float | int = 7.0) -> Figure:
        """Bias, deviation and RMSE of the whole gradient against the step."""
        if not self.results:
            raise InputError("plot: nothing was measured yet; expected a call with the model first")
        with look.style(width):
            return PICTURE(self.table)

    def tell(self, step: int) -> None:
        """Writes what was found at this step where it is asked for."""
        if self.csv is not None:
            replace(self.csv, text(self.table).encode())
        if self.log is None:
            return
        values = {f"straightedge/{row.label}/{name}": getattr(row, name) for row in self.results[step].overview().itertuples()
                  for name in ("bias", "deviation", "rmse", "efficiency")}
        if hasattr(self.log, "add_scalar"):
            for name, value in values.items():
                self.log.add_scalar(name, value, step)
        else:
            self.log.log(values | {"straightedge/step": step})


def share_of(budget: object) -> float | None:
    """The part of the time from '5% of time'; None for no limit.  Raises InputError for anything else."""
    if budget is None:
        return None
    match = SHARE.match(budget) if isinstance(budget, str) else None
    if not match or not 0 < float(match[1]) <= 100:
        raise InputError(f"budget: {budget!r}; expected a percentage as '5% of time', or None")
    return float(match[1]) / 100


@contextmanager
def untouched() -> Iterator[None]:
    """Inside, random numbers may be drawn and threads set: afterwards all is as it was."""
    threads, own, arrays = torch.get_num_threads(), random.getstate(), np.random.get_state()  # noqa: NPY002 - it is the user's
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(own)
        np.random.set_state(arrays)  # noqa: NPY002
        torch.set_num_threads(threads)
