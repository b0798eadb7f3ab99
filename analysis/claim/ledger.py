"""The ledger: what the papers on straight-through in stochastic binary networks state, each statement decided by a computation.

A claim is a function of this folder without arguments that returns a Finding, marked with the estimators that it is about: broken,
each of them must make it fail.  Its docstring is the statement in our words; the last line, `Stands`, says where it is made.
PAPERS says which papers the words in capitals are.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pandas as pd

from straightedge.estimators.base import Estimator

PAPERS = ("SEED is arXiv:2006.06880, COMPANION arXiv:2006.03143, TRADEOFFS 'Bias-Variance Tradeoffs in Single-Sample Binary Gradient "
          "Estimators', arXiv:2110.03549, COLD Shekhovtsov 2023, 'Cold Analysis of Rao-Blackwellized Straight-Through Gumbel-Softmax "
          "Gradient Estimator', ICML.")
ROUNDING = 1e-9
"""What counts as equal."""
INVISIBLE = 1e-12
"""What is written as zero: below it, digits differ from machine to machine."""


class Decision(Enum):
    """What a computation says of a statement."""

    HOLDS = "holds"
    HOLDS_ONLY_IF = "holds only if"
    FAILS = "fails"

    @property
    def sentence(self) -> str:
        """What the word means in the table."""
        return {Decision.HOLDS: "The computation agrees with the statement.",
                Decision.HOLDS_ONLY_IF: "It agrees under the condition in the last column, and disagrees without it.",
                Decision.FAILS: "It disagrees; the last column says what was found instead."}[self]


@dataclass(frozen=True)
class Finding:
    """What a computation found."""

    decision: Decision
    computation: str
    """What the number is."""
    number: float | int
    """A whole number where it is a count."""
    error: float = 0.0
    """Standard error; 0 for exact numbers, known to rounding."""
    condition: str = ""
    """What it takes, or what was found instead."""


def decided(true: bool, computation: str, number: float | int, error: float = 0.0, only_if: str = "", instead: str = "") -> Finding:
    """`holds` where the computation agrees, with a condition `holds only if`; `fails` where it does not."""
    decision = (Decision.HOLDS_ONLY_IF if only_if else Decision.HOLDS) if true else Decision.FAILS
    return Finding(decision, computation, number, error, only_if if true else instead)


@dataclass(frozen=True)
class Claim:
    """A statement and the computation that decides it."""

    function: Callable[[], Finding]
    about: tuple[type[Estimator], ...]
    """Estimators without which, or with 0.7 times which, the computation must come out otherwise."""

    def __call__(self) -> Finding:
        return self.function()

    @property
    def statement(self) -> str:
        """What is stated."""
        return self._parts()[0]

    @property
    def where(self) -> str:
        """Where it is stated."""
        return self._parts()[1]

    def _parts(self) -> tuple[str, str]:
        text, _, where = " ".join((self.function.__doc__ or "").split()).partition(" Stands ")
        return text.strip(), where.strip().rstrip(".")


def claim(*about: type[Estimator]) -> Callable[[Callable[[], Finding]], Claim]:
    """Marks a function as the claim about these estimators."""
    return lambda function: Claim(function, about)


def claims() -> dict[str, Claim]:
    """Name -> claim, in the order of the files and of the functions in them."""
    modules = [import_module(f"straightedge.analysis.claim.{module.name}") for module in iter_modules([str(Path(__file__).parent)])]
    return {name: found for module in modules for name, found in vars(module).items() if isinstance(found, Claim)}


def said(number: float | int) -> str:
    """A number as the ledger writes it."""
    if isinstance(number, int):
        return str(number)
    return f"{number:.3g}" if abs(number) > INVISIBLE else "0 (to rounding)"


def ledger() -> pd.DataFrame:
    """One row a claim."""
    rows = []
    for name, one in claims().items():
        finding = one()
        print(f"{name}: {finding.decision.value}", file=sys.stderr)
        rows.append({"claim": name, "statement": one.statement, "where": one.where, "computation": finding.computation,
                     "number": said(finding.number), "error": f"± {finding.error:.2g}" if finding.error else "exact",
                     "decision": finding.decision.value, "condition": finding.condition})
    return pd.DataFrame(rows)
