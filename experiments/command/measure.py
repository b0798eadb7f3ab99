"""The command `measure`: `straightedge.measure` with its settings as options."""

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from straightedge.analysis.problem.choice import LossName, NoiseName, States
from straightedge.analysis.store.display import visible
from straightedge.analysis.store.place import results
from straightedge.estimators.network.error import Failed, InputError
from straightedge.experiments.command.option import each_alone, parsed
from straightedge.settings import ENDINGS, Settings

if TYPE_CHECKING:
    from straightedge.result import Result


Several = Annotated[tuple[str, ...], tyro.conf.UseAppendAction]


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """Measures estimators on a network from a file: bias, variance, RMSE and cosine against the exact gradient, layer by layer.

    straightedge measure --network my.npz --estimator straight_through --estimator reinforce:samples=4 --draws 1 100
    """

    network: Path
    """An npz with w0 [units, inputs], b0, w1, b1, .. up to the output layer, X [points, inputs] and Y; or a torch state_dict of Linear
    layers (.pt, .pth, .safetensors).  Never a pickle."""
    data: Path | None = None
    """An npz with X and Y, where the file of the network has none."""
    estimator: Several = ()
    """Name of an estimator, as often as you like; hyper-parameters after a colon: reinforce:baseline=leave_one_out,samples=4; several
    values are a sweep: st_gumbel:tau=0.1,0.2,0.5."""
    states: States = "+-1"
    """The two states of a unit."""
    noise: NoiseName = "logistic"
    """F(a) = P(upper state): logistic is 1 / (1 + exp(-a)), logistic2 is 1 / (1 + exp(-2 a))."""
    loss: LossName = "cross_entropy"
    """What the outputs are held against Y by."""
    dry_run: bool = False
    """Lists the estimators, which are there and what the others will cost, and measures nothing."""
    verbose: Annotated[bool, tyro.conf.arg(aliases=["-v"])] = False
    """Says of each estimator, as it is finished, how many seconds it took."""
    out: Path | None = None
    """.csv, .json or .parquet; without it a readable table is printed."""


def measured(options: Options) -> "Result | str":
    """The result; it is written where --out says.  What would be measured, in words, where nothing is to be."""
    from straightedge.analysis.problem.archive import Archive
    from straightedge.experiments.runner.written import remember
    from straightedge.measurement import MEASURED, chosen, kept, perform

    if not options.estimator:
        raise InputError("--estimator: expected at least one name; `straightedge` lists them")
    if options.out:
        writable(options.out)
    each_alone(options.estimator)
    problem = Archive(str(options.network), options.states, options.noise, options.loss, str(options.data) if options.data else None)
    try:
        options.check()
        if options.dry_run:
            from straightedge.experiments.runner.dry import listed, stored
            from straightedge.plan import plan

            cells, folder = plan(problem, chosen(options.estimator), options), kept(problem, options)
            return listed(cells, stored(cells, folder), folder, options.jobs)
        result = perform(problem, chosen(options.estimator), options, options.verbose)
    except InputError as error:  # a setting is an option here
        name, _, words = str(error).partition(":")
        if name not in Settings.__dataclass_fields__:
            raise
        raise InputError(f"--{name.replace('_', '-')}:{words}") from None
    if options.out:
        result.save(options.out)
        remember((options.results or results()) / MEASURED, options.out, result.origin)
    return result


def measure(arguments: list[str]) -> int:
    """Measures and prints, or says where it wrote."""
    options = parsed(Options, arguments, "measure")
    from straightedge.experiments.command.terminal import readable

    result = measured(replace(options, results=options.results or results()))
    if isinstance(result, str):
        print(result)
        return 0
    print(f"wrote {visible(str(options.out))}: {len(result.table)} rows" if options.out else said(result, readable(result.table)))
    if result.failures:
        raise Failed(f"{len(result.failures)} of {len(result.failures) + result.table.label.nunique()} estimators failed, the others are "
                     f"measured: {'; '.join(result.failures)}")
    return 0


def said(result: "Result", table: str) -> str:
    """The table, headed by what was measured and ending in what to take."""
    lengths = ", ".join(f"{group} {length:.3g}" for group, length in result.lengths().items())
    took = seconds(result)
    exact = "" if took is None else f"; the exact gradient takes {1e6 * took:.3g} microseconds"
    return "\n".join((visible(result.head()), f"|g| by layer: {visible(lengths)}{exact}", "", table, "", visible(result.advice())))


def seconds(result: "Result") -> float | None:
    """What the exact gradient takes here, the second time it is asked for; None where a long run stands for it."""
    from time import perf_counter

    from straightedge.estimators.sum.truth import exact_gradient

    if result.reference:
        return None
    network = result.problem.build()
    exact_gradient(network)
    begin = perf_counter()
    exact_gradient(network)
    return perf_counter() - begin


def writable(path: Path) -> None:
    """Refuses a place that cannot be written, before anything is measured."""
    if path.suffix not in ENDINGS:
        raise InputError(f"--out: expected a name that ends in {', '.join(ENDINGS)}, got {path}")
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"--out: {path} cannot be written; expected a file in a folder that exists")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)
    except OSError as error:
        raise InputError(f"--out: {path} cannot be written ({error.strerror}); expected a folder that you may write to") from None
    os.close(handle)
    Path(name).unlink()
