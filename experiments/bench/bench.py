"""Speed beside the peers, all in one process on one machine: `make bench`."""

import platform
import resource
import time

import pandas as pd
import torch

from straightedge.analysis.figure import look as figures
from straightedge.analysis.store.file import replace
from straightedge.analysis.store.place import results, shown
from straightedge.estimators.network.error import InputError
from straightedge.experiments.bench import autoencoder as bench_autoencoder
from straightedge.experiments.bench import bias as bench_bias
from straightedge.experiments.bench import exact as bench_exact
from straightedge.experiments.bench import many as bench_many
from straightedge.experiments.bench import module as bench_module
from straightedge.experiments.bench import rows as bench_rows
from straightedge.experiments.bench import runs as bench_runs
from straightedge.experiments.bench.picture import DRAWN, PICTURE
from straightedge.experiments.runner.written import leave

GOALS = (("exact", "5-5-5", 200, None, "joint enumeration", 100), ("exact", "5-5-5", 200, None, "storchastic", 1000),
         ("exact", "5-5-5", 200, None, "pyro", 60), ("exact", "8-8-8", 200, None, "pyro", 100),
         ("many", "5-5-5", 200, None, "a call each", 10),
         ("exact", "14-14-14", 100, None, "floor", 1 / 2), ("exact", "16-16-16", 100, None, "floor", 1 / 2),
         *(("rows", "5-5-5", 200, name, way, times) for name in ("straight_through", "reinforce")
           for way, times in (("loop", 10), ("storchastic", 30), ("hand-written ceiling", 1 / 2))),
         *(("module", "5-5-5", 200, name, "engine", 1 / 3) for name in ("straight_through", "reinforce")),
         ("module", "convolution", 50, "straight_through", "loop", 10),
         ("autoencoder", "64 bits", 2000, None, "sigmoid bottleneck", 1 / 1.3), ("autoencoder", "16 bits", 11_258, None, "limit", 1))
"""(part, case, points, estimator, other way, how many times faster than it the engine should be)."""


def require_device(device: str) -> None:
    """Refuses a device that is not there."""
    if device not in ("cpu", "cuda"):
        raise InputError(f"--device: expected cpu or cuda, got {device!r}")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: no CUDA device is available here; use --device cpu")


def measured(device: str) -> pd.DataFrame:
    """The tidy table; prints every row as it is measured."""
    records = []
    for part in (bench_exact, bench_many, bench_rows, bench_module, bench_autoencoder, bench_bias, bench_runs):
        for row in part.rows(device):
            records.append(row)
            value = f"{row['seconds']:.3g} s" if "seconds" in row else ""
            words = (row["part"], row["case"], row.get("estimator"), row["method"], value, row.get("note"))
            print(" ".join(filter(None, words)), flush=True)
    return pd.DataFrame(records)


def goals(table: pd.DataFrame) -> pd.DataFrame:
    """How many times faster the engine is than every other way that has a goal; empty where that way was not timed."""
    lines = []
    for part, case, points, estimator, other, times in GOALS:
        chosen = table[(table.part == part) & (table.case == case) & (table.points == points)]
        if estimator:
            chosen = chosen[chosen.estimator == estimator]
        rows = chosen.drop_duplicates("method").set_index("method")
        column = "rate" if part in ("rows", "module") else "seconds"
        known = other in rows.index and pd.notna(rows.loc[other, column])
        ratio = rows.loc["straightedge", column] / rows.loc[other, column] if known else float("nan")
        ratio = ratio if column == "rate" else 1 / ratio
        result = f"{ratio:.3g}" if known else str(rows["note"].get(other, "not measured"))
        what = estimator or ("an epoch" if other == "sigmoid bottleneck" else "exact gradient")
        lines.append({"what": what, "case": case, "points": points, "beside": other, "times faster": result,
                      "goal": f"{times:g}", "reached": ("yes" if ratio >= times else "no") if known else "-"})
    return pd.DataFrame(lines)


def markdown(table: pd.DataFrame) -> str:
    """Goals, then every row."""
    def lines(frame: pd.DataFrame) -> str:
        shown = frame.map(lambda v: "" if pd.isna(v) else f"{v:.3g}" if isinstance(v, float) else str(v))
        body = [list(shown.columns), ["---"] * shown.shape[1], *shown.to_numpy().tolist()]
        return "\n".join("| " + " | ".join(row) + " |" for row in body)

    host = f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}, {torch.get_num_threads()} threads"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"# Speed\n\n{host}; peak memory of the whole run {peak:.2f} GiB.\n\n{lines(goals(table))}\n\n{lines(table)}\n"


def bench(device: str = "cpu") -> int:
    """Measures speed beside the peers, in one process on one machine, into results/bench."""
    require_device(device)
    began = time.monotonic()
    table = measured(device)
    folder = results() / "bench" / ("" if device == "cpu" else device)
    replace(folder / "bench.csv", table.to_csv(index=False, float_format="%.4g").encode())
    replace(folder / "bench.md", markdown(table).encode())
    for added, width in figures.WIDTHS.items():
        with figures.style(width):
            drawing = PICTURE(table)
        figures.save(drawing, folder, f"figure{added}")
    replace(folder / "figure.txt", PICTURE.words(table).caption(DRAWN).encode())
    pictures = (f"figure{added}.{kind}" for added in figures.WIDTHS for kind in figures.FORMATS)
    leave(folder, ("bench.csv", "bench.md", "figure.txt", *pictures), f"bench --device {device}", began, device)
    print("\n" + goals(table).to_string(index=False))
    print(f"wrote {shown(folder)}/bench.csv, bench.md and figure")
    return 0
