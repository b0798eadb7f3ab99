"""Two states of results beside each other: which numbers moved, study by study.  A state is a table, a folder, or a revision."""

from pathlib import Path

import pandas as pd

from straightedge.analysis.cell.table import parsed, read
from straightedge.analysis.store.display import visible
from straightedge.estimators.network.error import InputError
from straightedge.experiments.runner.host import git
from straightedge.experiments.runner.moved import both, moved

EXPECTED = "a table of `measure --out` (.csv, .parquet), a folder of a study or of results, or a revision of the checkout"


def tables(word: str) -> dict[str, pd.DataFrame]:
    """Name of the study, or of the file, -> its table.  Raises InputError where there is none."""
    path = Path(word)
    if path.is_file():
        return {path.stem: opened(path)}
    if path.is_dir():
        found = [path / "summary.csv"] if (path / "summary.csv").is_file() else sorted(path.glob("*/summary.csv"))
        if not found:
            raise InputError(f"compare: {word} holds no table; expected {EXPECTED}")
        return {one.parent.resolve().name: opened(one) for one in found}
    names = git("ls-tree", "-r", "--name-only", word, "--", "results") if not word.startswith("-") else ""
    studies = [name for name in names.splitlines() if name.endswith("/summary.csv")]
    if not studies:
        raise InputError(f"compare: {word} is no file, no folder and no revision with results; expected {EXPECTED}")
    return {Path(name).parent.name: parsed(git("show", f"{word}:{name}")) for name in studies}


def opened(path: Path) -> pd.DataFrame:
    """The table in this file.  Raises InputError where it is none."""
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"compare: {path}: expected {EXPECTED}")
    try:
        table = read(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"compare: {path} cannot be read as a table ({type(error).__name__}); expected {EXPECTED}") from None
    missing = [name for name in ("estimator", "group", "metric", "draws", "value", "error") if name not in table]
    if missing:
        raise InputError(f"compare: {path} has no column {missing[0]}; expected {EXPECTED}")
    return table


def compared(before: str, after: str) -> str:
    """For every study a line of how many numbers moved by more than three standard errors, and these.  Raises InputError."""
    first, second = tables(before), tables(after)
    if len(first) == len(second) == 1:  # whatever the two files are called
        second = dict(zip(first, second.values(), strict=True))
    lines = []
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second:
            lines.append(f"{name}: only {'before' if name in first else 'after'}")
            continue
        numbers, differing = both(first[name], second[name])
        found = moved(first[name], second[name])
        lines.append(f"{name}: {numbers} numbers in both, {differing} differ; {len(found)} are in one only or moved by more than three "
                     "standard errors")
        lines += [f"  {line}" for line in found]
    return visible("\n".join(lines), lines=True)
