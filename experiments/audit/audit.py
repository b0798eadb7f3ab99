"""Do other libraries' estimators have the mean that they should?  `make audit`.

Each call is held against exact enumeration of two losses of three bits.  The verdict is `assert_unbiased`'s.  Then everything is done a
second time, by another route through the library with other seeds and a number of rows fixed beforehand: that run gives the size of
the bias and its interval, and must confirm the verdict.  What is biased by design is also held against its own definition.
"""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from scipy.stats import norm

from straightedge.analysis.accuracy.bias_test import BiasTest
from straightedge.analysis.check.unbiased import Estimate, Loss, enumerated, judge, sampled
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import results, shown
from straightedge.estimators.base import Estimator
from straightedge.estimators.network.loss import StateFunction
from straightedge.estimators.network.network import BITS, Network
from straightedge.experiments.audit import activations
from straightedge.experiments.audit.peers import LOGITS, LOSSES, PEERS, Peer, installed
from straightedge.experiments.runner.written import leave

ROWS, SIZE = 1 << 14, 1 << 13
RESOLUTION, SECOND_ALARM = 0.05, 1e-3


def fixed(estimate: Estimate, loss: Loss, exact: torch.Tensor, batched: bool, rows: int) -> BiasTest:
    """A number of rows settled beforehand, against `exact`."""
    test, logits = BiasTest(exact), torch.tensor(LOGITS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        test.add(sampled(estimate, loss, logits, rows, torch.Generator().manual_seed(1), batched))
    return test


def defined(estimator: Estimator, loss: Loss) -> torch.Tensor:
    """The mean of one of this package's estimators, of a million rows."""
    logits = torch.tensor(LOGITS, dtype=torch.float64)
    nothing = logits.new_empty(1, 0)
    network = Network.of([logits.new_empty(len(logits), 0)], [logits], nothing, nothing, StateFunction(loss), states=BITS)
    rng = torch.Generator().manual_seed(2)
    return torch.stack([estimator(network, 1 << 16, rng).mean(0) for _ in range(16)]).mean(0)


def record(peer: Peer, name: str, loss: Loss, rows: int = ROWS, size: int = SIZE) -> dict:
    """One line of the table."""
    line = {"library": peer.library, "version": installed(peer.library), "call": peer.call, "says": peer.says, "loss": name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            rows, size = (count * (64 if peer.batched else peer.effort) for count in (rows, size))
            first = judge(peer.first(), loss, torch.tensor(LOGITS), rows=rows, resolution=RESOLUTION, batched=peer.batched)
            second = fixed(peer.second(), loss, enumerated(loss, torch.tensor(LOGITS)), peer.batched, size)
        except Exception as error:  # theirs; it is the finding
            return line | {"verdict": "does not run", "note": f"{type(error).__name__}: {error}"}
        notes = [] if first.outcome != "cannot tell" else [f"any bias is below {first.bound:.1%}"]
        if peer.definition:
            same = not fixed(peer.second(), loss, defined(peer.definition, loss), peer.batched, size).alarm(SECOND_ALARM)
            notes.append(f"{'has' if same else 'has not'} the mean of {peer.definition}")
    alarm = bool(second.alarm(SECOND_ALARM))
    size_, width = length(second)
    return line | {"verdict": first.outcome, "rows": first.rows, "scale": 1 + second.scale, "scale_error": second.scale_error,
                   "bias": size_, "bias_error": width, "confirmed": alarm == (first.outcome == "biased"), "note": "; ".join(notes)}


def length(test: BiasTest) -> tuple[float, float]:
    """|bias| / |exact gradient|, the sampling noise subtracted under the root, and half the width of its 95 % interval."""
    bias, error = (part[: len(test.exact)].numpy() / test.unit for part in (test.bias, test.error))
    plain = float(bias @ bias) ** 0.5
    spread = float(((bias * error) ** 2).sum()) ** 0.5 / max(plain, 1e-300)
    return max(plain**2 - float(error @ error), 0.0) ** 0.5, float(norm.ppf(0.975)) * spread


def table(jobs: int | None = None) -> Iterator[dict]:
    """The lines of every library that is installed, in order; says what is skipped."""
    for library in dict.fromkeys(peer.library for peer in PEERS):
        if not installed(library):
            print(f"audit: {library} is not installed, skipped; `make audit` installs it", flush=True)
    tasks = [(peer, name, loss) for peer in PEERS if installed(peer.library) for name, loss in LOSSES.items()]
    one_thread = joblib.parallel_config("loky", inner_max_num_threads=1)
    with one_thread:
        yield from joblib.Parallel(n_jobs=jobs or -1, return_as="generator")(joblib.delayed(record)(*task) for task in tasks)


def markdown(frame: pd.DataFrame) -> str:
    """The table for reading."""
    header = ("library", "call", "says", "loss", "verdict", "mean / exact along the gradient", "bias / gradient", "second way", "note")
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for row in frame.replace({np.nan: None}).itertuples():
        ran = row.verdict != "does not run"
        lines.append("| " + " | ".join((
            f"{row.library} {row.version}", f"`{row.call}`", row.says, row.loss,
            f"**{row.verdict}**" if not ran or (row.verdict == "biased") != (row.says == "biased") else row.verdict,
            f"{row.scale:.3f} +- {row.scale_error:.3f}" if ran else "", f"{row.bias:.3f} +- {row.bias_error:.3f}" if ran else "",
            ("confirms" if row.confirmed else "does not confirm") if ran else "", row.note or "")) + " |")
    return "\n".join(lines) + "\n"


def written(frame: pd.DataFrame, folder: Path) -> Path:
    """Stores both forms of the table, whole or not at all; the folder."""
    return stored(frame, folder, "audit", f"{__doc__}\n{markdown(frame)}")


def stored(frame: pd.DataFrame, folder: Path, name: str, page: str) -> Path:
    """A table as csv and as a page; the folder."""
    replace(folder / f"{name}.csv", frame.to_csv(index=False, float_format="%.4g").encode())
    replace(folder / f"{name}.md", page.encode())
    return folder


def audit(jobs: int | None = None) -> int:
    """Holds other libraries' estimators against exact gradients, and tells what their activations are, into results/audit."""
    began, folder, names, lines = time.monotonic(), results() / "audit", list[str](), list[dict]()
    kinds = list(activations.activations())
    if kinds:
        frame = pd.DataFrame(kinds)
        stored(frame, folder, "activations", f"{activations.__doc__}\n{activations.markdown(frame)}")
        names += ["activations.csv", "activations.md"]
        print(f"wrote {shown(folder / 'activations.md')}", flush=True)
    for line in table(jobs):
        lines.append(line)
        print(f"{line['library']} {line['call']}, {line['loss']}: {line['verdict']}", flush=True)
    if lines:
        written(pd.DataFrame(lines), folder)
        names += ["audit.csv", "audit.md"]
    if names:
        leave(folder, names, "audit", began)
        print(f"wrote {shown(folder)}")
    return 0
