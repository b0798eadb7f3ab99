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
from straightedge.analysis.problem.problem import ProblemError
from straightedge.estimators.sum.truth import exact_gradient, exact_loss
from straightedge.experiments import autoencoder
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.exact
SMALL = Autoencoder(3, documents=10, vocabulary=20)


class Killed(BaseException):
    """What ends a course in the middle."""


@pytest.mark.parametrize("killed", (4, 9, 13))
def test_a_killed_course_goes_on_bit_for_bit(killed, tmp_path, monkeypatch):
    """Killed before, at and behind the correction; the estimator samples, so the generator's state counts."""
    network, plan = SMALL.build(), Course("straight_through", 9, 0.01, correction=6)
    whole = plan(network).theta
    monkeypatch.setattr(course, "EVERY", 2)
    real, seen = course.estimates, []

    def mortal(*arguments):
        seen.append(1)
        if len(seen) > killed:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(course, "estimates", mortal)
        plan(network, tmp_path / "course.npz")
    left = []
    monkeypatch.setattr(course, "estimates", lambda *arguments: (left.append(1), real(*arguments))[1])
    assert torch.equal(plan(network, tmp_path / "course.npz").theta, whole)
    assert len(left) == 15 - killed + killed % 2, "it went on from the last even step"


@pytest.mark.parametrize("lost", ("rng", "square"))
def test_a_checkpoint_that_lacks_a_part_is_not_read(lost, tmp_path):
    network, plan, path = SMALL.build(), Course("straight_through", 5, 0.01), tmp_path / "course.npz"
    whole = plan(network, path).theta
    with np.load(path, allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files if name != lost}
    np.savez(path, **(parts | {"theta": parts["theta"] + 1}))
    assert torch.equal(plan(network, path).theta, whole)


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
