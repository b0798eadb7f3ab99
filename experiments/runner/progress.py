"""How far a run is: bars on a terminal and in a notebook, a line every so often elsewhere, always with the time that is left."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.score import Score
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.store.display import visible
from straightedge.estimators.catalogue.spelling import label_of
from straightedge.experiments.runner.forecast import WORTH, words

PERIOD = 15.0
"""Seconds between two lines."""


class Course:
    """How far a run of cells is, and what is left of it; says nothing."""

    def __init__(self, cells: Sequence[Cell], seconds: Mapping[Cell, float], jobs: int = 1, verbose: bool = False):
        self.cells, self.seconds, self.jobs, self.verbose = cells, seconds, max(1, jobs), verbose
        self.began, self.done, self.drawn = time.monotonic(), set[int](), dict[int, int]()
        self.losses = dict[int, float]()

    def name(self, index: int) -> str:
        """The cell of this number, as it is shown."""
        return visible(f"{self.cells[index].problem.name}: {label_of(self.cells[index].estimator)}")

    def most(self, index: int) -> int:
        """Rows of a cell, of all seeds; of one that goes on until it suffices, the most."""
        cell = self.cells[index]
        return cell.seeds * (cell.until.rows if cell.until else cell.rows)

    def share(self, index: int) -> float:
        """The part of a cell that is done."""
        return 1.0 if index in self.done else min(0.99, self.drawn.get(index, 0) / self.most(index))

    def left(self) -> float:
        """Seconds that are left: what is forecast of the rest, at the pace that the run has shown so far."""
        whole = [self.seconds[cell] for cell in self.cells]
        over = sum(self.share(index) * value for index, value in enumerate(whole))
        pace = (time.monotonic() - self.began) / over if over > 0.02 * sum(whole) else 1 / self.jobs
        return pace * (sum(whole) - over)

    def rows(self, index: int, rows: int, loss: float | None = None) -> None:
        """So many rows of this cell are drawn, or steps made; the loss of training is this."""
        self.drawn[index] = rows
        if loss is not None:
            self.losses[index] = loss

    def unit(self, index: int) -> str:
        """What is counted of a cell, and the loss where it trains."""
        loss = f", loss {self.losses[index]:.4g}" if index in self.losses else ""
        return f"{'steps' if isinstance(self.cells[index], Lesson | Score) else 'rows'}{loss}"

    def end(self, index: int, seconds: float) -> None:
        """This cell is done, or failed."""
        self.done.add(index)
        self.drawn.pop(index, None)

    def sentence(self) -> str:
        """How far, in a line."""
        running = max(self.drawn, key=self.share, default=None)
        at = "" if running is None else (f"; {self.name(running)}: {self.drawn[running]:,} of "
                                         f"{'at most ' if self.cells[running].until else ''}{self.most(running):,} {self.unit(running)}")
        return f"{len(self.done)} of {len(self.cells)} cells, about {words(self.left())} left{at}"


class Lines(Course):
    """Tells it a log, a line every so often."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.told = self.began

    def rows(self, index, rows, loss=None):
        super().rows(index, rows, loss)
        self.tell()

    def end(self, index, seconds):
        super().end(index, seconds)
        if self.verbose:
            print(f"{self.name(index)}: {seconds:.1f} s", file=sys.stderr, flush=True)
        self.tell()

    def tell(self) -> None:
        """The line, where it is time, and not after the last cell."""
        if time.monotonic() - self.told >= PERIOD and len(self.done) < len(self.cells):
            self.told = time.monotonic()
            print(self.sentence(), file=sys.stderr, flush=True)


class Bars(Course):
    """Shows it: a bar of all cells, and one of the rows of each that is being measured."""

    def __init__(self, *given, bar: Progress, **options):
        super().__init__(*given, **options)
        self.bar, self.tasks = bar, dict[int, TaskID]()
        self.whole = bar.add_task("measuring", total=len(self.cells), left="")

    def rows(self, index, rows, loss=None):
        super().rows(index, rows, loss)
        if index not in self.tasks:
            self.tasks[index] = self.bar.add_task(self.name(index), total=self.most(index), left="")
        self.bar.update(self.tasks[index], completed=rows, left=self.unit(index))
        self.bar.update(self.whole, left=f"about {words(self.left())} left")

    def end(self, index, seconds):
        super().end(index, seconds)
        if index in self.tasks:
            self.bar.remove_task(self.tasks.pop(index))
        if self.verbose:
            self.bar.console.print(f"{self.name(index)}: {seconds:.1f} s", markup=False, highlight=False)
        self.bar.update(self.whole, completed=len(self.done), left=f"about {words(self.left())} left")


@contextmanager
def progress(cells: Sequence[Cell], seconds: Mapping[Cell, float], jobs: int, verbose: bool = False) -> Iterator[Course]:
    """What is to be told of rows and cells as they come; before a long run, how long it will be."""
    whole = sum(seconds[cell] for cell in cells)
    if whole / max(1, jobs) > WORTH:
        print(f"{len(cells)} cells to measure, about {words(whole / max(1, jobs))}", file=sys.stderr, flush=True)
    console = Console(stderr=True)
    bars = find_spec("ipywidgets") is not None if console.is_jupyter else console.is_terminal
    if not cells or not bars:
        yield Lines(cells, seconds, jobs, verbose)
        return
    counts = TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.fields[left]}")
    columns = TextColumn("{task.description}", markup=False), BarColumn(), counts
    with Progress(*columns, console=console, transient=True) as bar:
        yield Bars(cells, seconds, jobs, verbose, bar=bar)
