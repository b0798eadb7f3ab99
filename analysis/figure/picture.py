"""A picture: a drawing of a table and the words that go with it, both made from the table."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from straightedge.analysis.figure import look


@dataclass(frozen=True)
class Words:
    """What a picture says of its table."""

    answer: str
    """Its title: the answer to the question, in one sentence."""
    number: str
    """The one number to remember, with what it is of."""

    def caption(self, drawn: str) -> str:
        """The caption, three paragraphs; `drawn` says what is drawn, what the lines, bars and bands are."""
        return f"{self.answer}\n\n{drawn}\n\nTo remember: {self.number}\n"


@dataclass(frozen=True)
class Picture:
    """A drawing and its words, both functions of the table on disk."""

    figure: Callable[[pd.DataFrame], Figure]
    """Called within `look.style`, whose width it draws for."""
    words: Callable[[pd.DataFrame], Words]

    def __call__(self, table: pd.DataFrame) -> Figure:
        """The drawing, with the answer above it; the variants of an estimator in the table are told apart."""
        with look.among(table.label if "label" in table else ()):
            drawing = self.figure(table)
        look.headed(drawing, self.words(table).answer)
        return drawing
