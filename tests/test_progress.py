"""How far a run is, what it will cost, and what it would do: bars, lines, the log, the forecast and the dry run."""

import io
import json

import pytest
from rich.console import Console
from rich.progress import Progress

from straightedge.analysis.cell.cell import Cell
from straightedge.analysis.cell.score import Score
from straightedge.analysis.cell.until import Until
from straightedge.analysis.lesson.enumerated import Enumerated
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.problem.classification import Points
from straightedge.analysis.problem.vae import ImageAutoencoder
from straightedge.analysis.store.checkpoint import VARIABLE
from straightedge.estimators.mean_field import MeanField
from straightedge.estimators.reinforce import Reinforce
from straightedge.estimators.straight_through import StraightThrough
from straightedge.experiments import bias_variance
from straightedge.experiments.runner import attempt, dry, forecast, log, progress
from straightedge.experiments.runner.forecast import ordered, words
from straightedge.experiments.runner.perform import perform
from straightedge.experiments.runner.run import run_cells
from straightedge.experiments.runner.spread import spread

pytestmark = pytest.mark.study
SMALL, LARGE = Points((2,), points=5), Points((5, 5), points=50)
CELLS = [Cell(SMALL, StraightThrough(), 20, 2), Cell(LARGE, Reinforce(samples=4), 400, 2), Cell(LARGE, MeanField(), 20, 2)]
SECONDS = dict(zip(CELLS, (1.0, 8.0, 1.0), strict=True))


def test_the_forecast_grows_with_the_work():
    seconds = forecast.forecast(CELLS)
    more = forecast.forecast([Cell(LARGE, Reinforce(samples=4), 800, 2), Cell(LARGE, Reinforce(samples=8), 400, 2),
                              Cell(SMALL, Reinforce(), 9, 1)])
    assert all(value > 0 for value in seconds.values())
    assert all(value > seconds[CELLS[1]] for value in list(more.values())[:2]) and list(more.values())[2] < seconds[CELLS[1]]
    assert forecast.effort(Cell(Points((12, 12), points=50), MeanField(), 20, 2)) > forecast.effort(CELLS[2])


def test_the_forecast_is_what_an_earlier_run_took():
    lines = [log.Line.of(CELLS[1]), log.Line(SMALL.name, "straight_through", 20, 3.0)]
    seconds = forecast.forecast(CELLS, lines)
    assert seconds[CELLS[0]] == 6.0  # twice the rows
    assert seconds[CELLS[1]] == forecast.effort(CELLS[1])  # of a line without seconds, as of a failed cell, nothing is known
    with_later = forecast.forecast(CELLS, [*lines, log.Line(SMALL.name, "straight_through", 40, 5.0)])
    assert with_later[CELLS[0]] == 5.0


def test_the_largest_comes_first_and_a_problem_stays_together():
    assert ordered(CELLS, SECONDS) == [CELLS[1], CELLS[2], CELLS[0]]
    assert [words(seconds) for seconds in (0.1, 89.0, 600.0, 7200.0)] == ["1 s", "89 s", "10 min", "2.0 h"]


def test_what_is_left_follows_the_pace(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    course = progress.Course(CELLS, SECONDS, 2)
    assert course.left() == 5.0  # nothing is known yet: the forecast, by two
    course.rows(1, 400)
    now[0] += 8.0
    assert course.share(1) == 0.5 and course.left() == pytest.approx(12.0)  # 4 of 10 in 8 seconds
    course.end(1, 9.0)
    assert course.left() == pytest.approx(2.0)
    assert course.sentence().startswith("1 of 3 cells, about 2 s left")
    until = progress.Course([Cell(LARGE, Reinforce(), 10, 2, until=Until.parse("bias 1%", 1000, 9.0))], {}, 1)
    assert until.most(0) == 2000


def test_lines_come_every_so_often(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    course = progress.Lines(CELLS, SECONDS, 1, True)
    course.rows(1, 10)
    assert capsys.readouterr().err == ""
    now[0] = progress.PERIOD + 1
    course.rows(1, 200)
    course.rows(1, 201)
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("0 of 3 cells, about") and "reinforce (samples=4): 200 of 800 rows" in said
    for index in range(3):
        now[0] += 20
        course.end(index, 2.0)
    said = capsys.readouterr().err.splitlines()
    assert sum(": 2.0 s" in line for line in said) == 3 and sum("left" in line for line in said) == 2  # none after the last cell


def test_bars_show_cells_and_their_rows():
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with Progress(console=console, transient=True) as bar:
        course = progress.Bars(CELLS, SECONDS, 1, True, bar=bar)
        course.rows(1, 200)
        whole, rows = bar.tasks
        assert (rows.completed, rows.total, whole.total) == (200, 800, 3) and "left" in whole.fields["left"]
        assert "reinforce" in rows.description
        course.end(1, 2.5)
        assert len(bar.tasks) == 1 and bar.tasks[0].completed == 1
    assert ": 2.5 s" in console.file.getvalue()


def test_bars_of_training_show_the_loss():
    """Steps are counted, and the last loss that was heard of stays."""
    lesson = Lesson(Enumerated(1), StraightThrough(), 50, 2)
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with Progress(console=console, transient=True) as bar:
        course = progress.Bars([lesson], {lesson: 1.0}, 1, bar=bar)
        course.rows(0, 20, 0.123456)
        course.rows(0, 40)
        assert (bar.tasks[1].completed, bar.tasks[1].fields["left"]) == (40, "steps, loss 0.1235")
        assert course.sentence().endswith("40 of 100 steps, loss 0.1235")


def test_the_loss_comes_from_another_process(tmp_path, monkeypatch):
    """Two cells of a course that trains: the pool tells of steps and of the loss."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    heard = []
    cells = [Score(ImageAutoencoder(8, points=300, steps=150, rate=0.01 * place), rows=150) for place in (1, 2)]
    answers = dict(spread(cells, 2, heard=lambda *told: heard.append(told)))
    assert len(answers) == 2 and any(loss is not None and 0 < loss < 60 for _, _, loss in heard)


def test_a_long_run_is_told_before_it_starts(capsys):
    with progress.progress(CELLS, dict.fromkeys(CELLS, 100.0), 2):
        assert capsys.readouterr().err == "3 cells to measure, about 2 min\n"
    with progress.progress(CELLS, dict.fromkeys(CELLS, 1.0), 1):
        assert capsys.readouterr().err == ""


def test_names_of_others_are_shown_in_bars_not_obeyed():
    odd = Cell(SMALL, StraightThrough(), 20, 2)
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    with Progress(console=console) as bar:
        course = progress.Bars([odd], {odd: 1.0}, 1, bar=bar)
        course.name = lambda index: "[/x]"
        course.verbose = True
        course.end(0, 1.0)
    assert "[/x]: 1.0 s" in console.file.getvalue()


def test_the_log_has_every_cell_with_its_seconds_and_what_is_none_is_left_out(tmp_path, monkeypatch):
    run_cells(CELLS[:1], 1, tmp_path)
    found = log.read(tmp_path)
    assert len(found) == 1 and found[0].key == CELLS[0].key() and found[0].seconds > 0 and found[0].rows == 40 and found[0].fault == ""
    monkeypatch.setattr(attempt, "measure_cell", lambda *given: 1 / 0)
    run_cells(CELLS[1:2], 1, tmp_path)
    assert "ZeroDivisionError" in log.read(tmp_path)[1].fault
    path = tmp_path / log.NAME
    none = b'\xff\n{"problem": 3}\n[]\n{"problem": "p", "label": "l", "rows": "x", "seconds": 1}\n' + b"[" * 9999 + b'\n{"cut'
    path.write_bytes(path.read_bytes() + none)
    assert len(log.read(tmp_path)) == 2 and json.loads(path.read_text(errors="replace").splitlines()[0])["host"] is not None
    assert log.read(tmp_path / "absent") == []


def test_a_dry_run_measures_nothing_and_says_what_is_there(tmp_path, monkeypatch):
    config = bias_variance.Config((SMALL, Points((2,), points=5, steps=3)), (StraightThrough(), MeanField()), 60, 2)
    plan = dry.studied(bias_variance.STUDY, config, tmp_path)
    said = dry.listed(*plan, 2).splitlines()
    assert len(said) == 5 and all(line.startswith("about ") for line in said[:4]) and said[4].startswith("4 of 4 cells to measure, about ")
    run_cells(plan[0][:1], 1, plan[2])
    said = dry.listed(*dry.studied(bias_variance.STUDY, config, tmp_path), 2).splitlines()
    assert said[0].startswith("stored") and said[-1].startswith("3 of 4 cells to measure")
    perform(bias_variance.STUDY, config, jobs=1, results=tmp_path)
    monkeypatch.setattr(attempt, "measure_cell", lambda *given: pytest.fail("it was measured"))
    said = dry.listed(*dry.studied(bias_variance.STUDY, config, tmp_path), 2).splitlines()
    assert all(line.startswith("in the table") for line in said[:4]) and said[4] == "0 of 4 cells to measure"
