"""Autoencoders of documents: courses that are killed go on bit for bit, counts are counts, the study is complete."""

import numpy as np
import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.table import read
from straightedge.analysis.problem import course
from straightedge.analysis.problem.autoencoder import Autoencoder
from straightedge.analysis.problem.counts import corpus
from straightedge.analysis.problem.course import Course
from straightedge.analysis.problem.listener import LISTENER
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.checkpoint import VARIABLE
from straightedge.estimators.sum.truth import exact_gradient, exact_loss
from straightedge.experiments import autoencoder
from straightedge.experiments.command.study import perform_study
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.exact
SMALL = Autoencoder(3, documents=10, vocabulary=20)
VALUES = {"rate": 0.01}


class Killed(BaseException):
    """What ends a course in the middle."""


@pytest.mark.parametrize("killed", (4, 9, 13))
def test_a_killed_course_goes_on_bit_for_bit(killed, tmp_path, monkeypatch):
    """Killed before, at and behind the correction; the estimator samples, so the generator's state counts."""
    network, plan = SMALL.build(), Course("straight_through", 9, 0.01, correction=6)
    whole = plan(network, VALUES).theta
    monkeypatch.setattr(course, "EVERY", 2)
    real, seen = course.estimates, []

    def mortal(*arguments):
        seen.append(1)
        if len(seen) > killed:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(course, "estimates", mortal)
        plan(network, VALUES, tmp_path / "course")
    left = []
    monkeypatch.setattr(course, "estimates", lambda *arguments: (left.append(1), real(*arguments))[1])
    assert torch.equal(plan(network, VALUES, tmp_path / "course").theta, whole)
    assert len(left) == 15 - killed + (killed % 2 if killed != 9 else 0), "it went on from the last even step, or the end of training"


def test_a_correction_begins_where_training_ended(tmp_path, monkeypatch):
    network, path = SMALL.build(), tmp_path / "course"
    whole = Course("straight_through", 5, 0.01, correction=3)(network, VALUES).theta
    Course("straight_through", 5, 0.01)(network, VALUES, path)
    real, steps = course.estimates, []
    monkeypatch.setattr(course, "estimates", lambda *arguments: (steps.append(arguments[2]), real(*arguments))[1])
    assert torch.equal(Course("straight_through", 5, 0.01, correction=3)(network, VALUES, path).theta, whole)
    assert steps == [10] * 3 and {one.name for one in tmp_path.iterdir()} == {"course-5.npz", "course-5+3.npz"}


@pytest.mark.parametrize("lost", ("rng", "square", "step"))
def test_a_checkpoint_that_lacks_a_part_is_refused(lost, tmp_path):
    network, plan, path = SMALL.build(), Course("straight_through", 5, 0.01), tmp_path / "course"
    plan(network, VALUES, path)
    with np.load(tmp_path / "course-5.npz", allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files if name != lost}
    np.savez(tmp_path / "course-5.npz", **(parts | {"theta": parts["theta"] + 1}))
    with pytest.raises(ProblemError, match="lacks a part"):
        plan(network, VALUES, path)


def test_who_listens_hears_of_every_step_and_changes_none(monkeypatch):
    """The loss that is told falls: 200 steps of Adam at a rate of 0.05."""
    network, plan, heard = SMALL.build(), Course("exact", 200, 0.05), []
    alone = plan(network, VALUES).theta
    token = LISTENER.set(lambda steps, loss: heard.append((steps, loss)))
    try:
        assert torch.equal(plan(network, VALUES).theta, alone)
    finally:
        LISTENER.reset(token)
    losses = [loss for _, loss in heard if loss is not None]
    assert sum(steps for steps, _ in heard) == 200 and len(losses) == 10 and np.mean(losses[5:]) < np.mean(losses[:5])


def test_training_with_the_exact_gradient_is_adam_by_hand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = SMALL.build()
    theta = network.theta.clone().requires_grad_()
    adam = torch.optim.Adam([theta], lr=0.001)
    for _ in range(5):
        theta.grad = exact_gradient(network.at(theta.detach()))
        adam.step()
    trained = Autoencoder(3, documents=10, vocabulary=20, steps=5).network()
    assert torch.equal(trained.theta, theta.detach()) and float(exact_loss(trained)) < float(exact_loss(network))


@pytest.mark.parametrize(("line", "words"), (("1 1:2 3:-1", "document 2 has the count -1"), ("1 2:0.5", "document 2 has the count 0.5"),
                                             ("1 2:nan", "document 2"), ("1 what", "cannot be read")))
def test_what_is_no_count_is_refused(line, words, tmp_path):
    path = tmp_path / "corpus.svmlight"
    path.write_text(f"1 1:1 2:3\n{line}\n")
    with pytest.raises(ProblemError, match=words):
        corpus(str(path), 2, 3)


def test_the_most_frequent_words_of_the_first_documents(tmp_path):
    path = tmp_path / "corpus.svmlight"
    path.write_text("1 1:1 2:3 3:5\n1 1:1 2:2\n1 1:9\n")
    assert corpus(str(path), 2, 2).tolist() == [[3.0, 5.0], [2.0, 0.0]]
    with pytest.raises(ProblemError, match="holds 3 documents"):
        corpus(str(path), 4, 2)


@pytest.mark.study
def test_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = read(perform.perform(autoencoder.STUDY, autoencoder.SMOKE, jobs=1).folder / "summary.csv")
    ends = autoencoder.losses(table)
    assert len(ends) == 3 * 3, "three trainers; initial, trained, corrected"
    assert ends[ends.total == 0].value.nunique() == 1, "the beginning is common"
    assert ends.sort_values("total").groupby("trainer").value.apply(lambda loss: loss.is_monotonic_decreasing).all()
    assert set(table.problem_corpus) == {"generated"}
    drawing = autoencoder.figure(table)
    assert len(drawing.axes) == 2
    close(drawing)


@pytest.mark.endtoend
def test_a_run_beside_another_configurations_checkpoint_is_refused(tmp_path, monkeypatch):
    """Checkpoints are below --results; one that bears this course's name and says that it is of another stops the run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    run = ["--smoke", "--jobs", "1", "--only", "straight_through", "--results", "there"]
    assert perform_study("autoencoder", [*run, "--rate", "0.003"]) == 0
    folder = tmp_path / "there" / "checkpoint"
    first = sorted(folder.iterdir())
    assert first and all(path.name.startswith("autoencoder-") for path in first) and not (tmp_path / "results").exists()
    assert perform_study("autoencoder", [*run, "--rate", "0.004"]) == 0
    second = next(path for path in sorted(folder.iterdir()) if path not in first)
    second.write_bytes(first[0].read_bytes())
    with pytest.raises(ProblemError, match="a checkpoint of another configuration"):
        perform_study("autoencoder", [*run, "--rate", "0.004", "--rows", "60"])
