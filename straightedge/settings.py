"""How estimators are measured: the settings of `measure`.  torch is imported only to look for a device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from straightedge.analysis.cell.choice import Method, Precision
from straightedge.estimators.network.error import InputError

ENDINGS = (".csv", ".json", ".parquet")
"""What the name of a written table may end in."""

Backend = Literal["processes", "dask"]
"""Where cells are measured."""


@dataclass(frozen=True)
class Settings:
    """How estimators are measured."""

    rows: int = 10_000
    """Estimates of each seed."""
    draws: tuple[int, ...] = (1,)
    """Numbers M of estimates averaged, for rmse and cosine."""
    seeds: int = 10
    """Independent replicates; their spread gives the errors."""
    method: Method = "auto"
    """auto: exact moments where the estimator has them; sampled: never; exact: nothing else."""
    until: str | None = None
    """Adds rows until a 95 % interval is tight: 'bias 1%', 'cosine 0.01', 'rmse 2%', 'along 0.01', 'descent 0.01'."""
    max_rows: int = 1_000_000
    """Ceiling of `until`, rows of each seed."""
    max_seconds: float = 300.0
    """Ceiling of `until`, seconds for each estimator."""
    against: str | None = None
    """One of the estimators: adds the differences of the others' errors from its errors, paired by seed."""
    reference: str | None = None
    """For a network too wide for exact tables: an unbiased estimator whose long run takes the exact gradient's place; auto: of a few, the
    one with the least variance for its time on this network."""
    reference_rows: int = 100_000
    """Estimates of that run; its own error is subtracted wherever a square of it enters."""
    reference_error: float | None = None
    """Ends that run as soon as its error is below this part of the gradient's length; 0.05 for auto where it is not given."""
    device: str = "cpu"
    """Where rows are drawn: cpu, cuda, cuda:1."""
    precision: Precision = "float64"
    """Of the rows; the exact gradient and the statistics are float64 always."""
    memory: int = 256
    """MiB that rows may hold while they are drawn: an estimator that needs more is refused; changes no number."""
    jobs: int | None = None
    """Processes; all cores if not given."""
    cell_timeout: float | None = None
    """Seconds that one estimator may take; it is then stopped and named, and the others go on."""
    backend: Backend = "processes"
    """Where estimators are measured: processes of this machine, or a dask cluster's workers."""
    scheduler: str | None = None
    """The address of the cluster's scheduler, as in tcp://HOST:8786."""
    results: Path | None = None
    """A folder that keeps each estimator's numbers as soon as they are there; the same measurement goes on from them."""

    def check(self) -> None:
        """Raises InputError, naming the first setting that cannot be."""
        least = {"rows": 2, "seeds": 1, "memory": 1, "max_rows": 2, "reference_rows": 2} | ({} if self.jobs is None else {"jobs": 1})
        for name, low in least.items():
            value = vars(self)[name]
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise InputError(f"{name}: expected a whole number from {low}, got {value!r}")
        if not self.max_seconds > 0:
            raise InputError(f"max_seconds: expected a positive number, got {self.max_seconds!r}")
        if self.cell_timeout is not None and not 0 < self.cell_timeout < float("inf"):
            raise InputError(f"cell_timeout: expected a positive number of seconds, got {self.cell_timeout!r}")
        if not self.draws or min(self.draws) < 1 or max(self.draws) > self.rows:
            raise InputError(f"draws: expected whole numbers from 1 to the number of rows, {self.rows}, got "
                             f"{' '.join(map(str, self.draws)) or 'none'}")
        if self.until is not None and self.seeds < 2:
            raise InputError("until: expected two seeds or more, whose spread gives the interval")
        if self.reference_error is not None and (self.reference is None or not 0 < self.reference_error < 1):
            raise InputError(f"reference_error: {self.reference_error!r}; expected a part of the gradient's length between 0 and 1, with a "
                             "reference")
        if self.reference is not None and self.method == "exact":
            raise InputError("reference: a sampled reference goes with method auto or sampled, not with exact")
        check_scheduler(self.backend, self.scheduler)
        device(self.device)


def check_scheduler(backend: str, scheduler: str | None) -> None:
    """Raises InputError for a backend without its scheduler, or a scheduler without its backend."""
    if backend not in get_args(Backend):
        raise InputError(f"backend: expected one of {', '.join(get_args(Backend))}, got {backend!r}")
    if backend == "dask" and not scheduler:
        raise InputError("scheduler: the backend dask needs the address of one; expected --scheduler tcp://HOST:8786")
    if scheduler and backend != "dask":
        raise InputError(f"scheduler: {scheduler} is for the backend dask; expected --backend dask with it")


def device(name: str) -> None:
    """Refuses a device that is not there, or that holds no numbers."""
    import torch

    try:
        there = torch.zeros(1, device=name).cpu().item() == 0
    except (RuntimeError, AssertionError, NotImplementedError):
        there = False
    if not there:
        known = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        raise InputError(f"device: {name!r} is not here; expected one of {', '.join(known)}")
