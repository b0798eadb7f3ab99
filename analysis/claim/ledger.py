"""The ledger: what the papers on straight-through in stochastic binary networks state, each statement decided by a computation.

A claim is a function of this folder without arguments that returns a Finding.  Its docstring is the statement in our words;
the last line, `Stands`, says where it is made.  SEED is arXiv:2006.06880, COMPANION arXiv:2006.03143.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from pkgutil import iter_modules
from typing import Literal

import pandas as pd
import torch
from torch import Tensor

from straightedge.estimators.base import Estimator
from straightedge.estimators.moment.exact import exact_moments
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.expectation import exact_gradient

Verdict = Literal["holds", "fails", "holds only if"]


@dataclass(frozen=True)
class Finding:
    """What a computation found."""

    verdict: Verdict
    computation: str
    """What the number is."""
    number: float
    error: float = 0.0
    """Standard error; 0 for exact numbers, known to rounding."""
    condition: str = ""
    """What it takes, or what was found instead."""


def decided(true: bool, computation: str, number: float | int, error: float = 0.0, only_if: str = "", instead: str = "") -> Finding:
    """`holds` where the computation agrees, with a condition `holds only if`; `fails` where it does not."""
    verdict = ("holds only if" if only_if else "holds") if true else "fails"
    return Finding(verdict, computation, float(number), error, only_if if true else instead)


def claims() -> dict[str, Callable[[], Finding]]:
    """Name -> claim, in the order of the files and of the functions in them."""
    names = [module.name for module in iter_modules([str(Path(__file__).parent)]) if module.name != "ledger"]
    found = {}
    for module in (import_module(f"straightedge.analysis.claim.{name}") for name in names):
        found |= {name: function for name, function in vars(module).items() if isfunction(function)
                  and function.__module__ == module.__name__ and function.__annotations__.get("return") is Finding}
    return found


def statement(claim: Callable[[], Finding]) -> tuple[str, str]:
    """(what is stated, where) from the docstring."""
    text, _, where = " ".join((claim.__doc__ or "").split()).partition(" Stands ")
    return text.strip(), where.strip().rstrip(".")


def ledger() -> pd.DataFrame:
    """One row a claim."""
    rows = []
    for name, claim in claims().items():
        (text, where), finding = statement(claim), claim()
        print(f"{name}: {finding.verdict}", file=sys.stderr)
        rows.append({"claim": name, "statement": text, "where": where, "computation": finding.computation,
                     "number": f"{finding.number:.3g}", "error": "exact" if not finding.error else f"± {finding.error:.2g}",
                     "verdict": finding.verdict, "condition": finding.condition})
    return pd.DataFrame(rows)


def relative_bias(estimator: Estimator, network: Network, where: slice = slice(None)) -> float:
    """|E row - g| / |g|, exact; |E row| where g is zero."""
    g = exact_gradient(network)[where]
    difference = (exact_moments(estimator, network).mean[where] - g).norm()
    return float(difference / g.norm() if g.norm() > 1e-12 else difference)


def rows(estimator: Estimator, network: Network, n: int = 256, seed: int = 0) -> Tensor:
    """Estimates from a seed of their own: equal seeds share their uniforms."""
    return estimator(network, n, torch.Generator().manual_seed(seed))


def apart(first: Tensor, second: Tensor) -> float:
    """Largest difference, relative to the largest entry."""
    return float((first - second).abs().max() / second.abs().max())
