"""A study: a question, a grid of cells, a figure.  A file of experiments/ that makes one, named STUDY, is in every list and target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from straightedge.analysis.cell.cell import Cell
    from straightedge.analysis.figure.picture import Picture
    from straightedge.estimators.base import Estimator


@dataclass(frozen=True)
class Study:
    """What a study is made of: plain values and functions of its configuration and of its table."""

    module: str
    """The module that makes it, `__name__`; its last part is the study's name."""
    question: str
    """The module's docstring: the question, and what is drawn."""
    config: type
    """A dataclass whose defaults are the published configuration."""
    cells: "Callable[[Any], Sequence[Cell]]"
    """The grid of a configuration."""
    figures: "dict[str, Picture]"
    """File name -> picture of the table on disk, the first of which answers the question."""
    smoke: Any
    """The configuration of a few seconds."""
    paper: Any
    """The configuration with more networks, rows and seeds."""
    tables: "Callable[[pd.DataFrame], pd.DataFrame] | None" = None
    """What table.md and table.tex show: words and numbers as words; the named levels of the index are groups."""
    fields: tuple[str, ...] = ()
    """Fields of the problems that become columns problem_<field>."""
    against: "Estimator | None" = field(default=None)
    """One of the estimators, from whose errors the others' differences, paired by seed, become rows of the table."""

    keep: "Callable[[pd.DataFrame], pd.Series] | None" = None
    """Which lines stay in the table, of a study whose cells say more than it asks for; all of them if not given."""
    networks: bool = False
    """Whether a network of the user's may stand in the place of its problems."""

    def chosen(self, config: Any) -> "tuple[Estimator, ...]":
        """The estimators of a configuration, in the order of its cells."""
        return tuple(dict.fromkeys(cell.estimator for cell in self.cells(config)))

    @property
    def asked(self) -> str:
        """The question, in one line."""
        return " ".join(self.question.partition("\n\n")[0].split())

    @property
    def drawn(self) -> str:
        """What is drawn, in one paragraph: the rest of the docstring."""
        return " ".join(self.question.partition("\n\n")[2].split())

    @property
    def name(self) -> str:
        """The file's name."""
        return self.module.rsplit(".", 1)[-1]
