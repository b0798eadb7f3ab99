"""Problems: values that are hashable, JSON-able and picklable, and the networks that they build."""

import json
import pickle

import pytest
import torch

from straightedge.analysis.problem.archive import Archive, write
from straightedge.analysis.problem.classification import Digits, Points
from straightedge.analysis.problem.function import Polynomial, Toy
from straightedge.analysis.problem.problem import ProblemError
from straightedge.estimators.sum.expectation import exact_gradient, exact_loss

pytestmark = pytest.mark.unit

PROBLEMS = [Points((3, 2), points=30), Points((3,), shape="rings", loss="logistic", states="01", points=30),
            Points((2,), shape="blobs", loss="squared_error", noise="normal", points=30), Digits((3,), points=40),
            Digits((3,), points=40, inputs=5, reduction="project"), Toy(), Polynomial(), Polynomial(4, 2, True), Polynomial(4, 3, True)]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_values(problem):
    assert pickle.loads(pickle.dumps(problem)) == problem and hash(problem) == hash(pickle.loads(pickle.dumps(problem)))
    assert json.loads(json.dumps(problem.values()))["kind"] == type(problem).__name__
    first, second = problem.network(), problem.network()
    assert torch.equal(first.theta, second.theta) and torch.equal(first.inputs, second.inputs)
    assert bool(exact_gradient(first).isfinite().all()) and float(exact_gradient(first).norm()) > 0


def test_training_with_the_exact_gradient_lowers_the_exact_loss():
    start, later = (exact_loss(Points((3, 3), points=50, steps=steps).build()) for steps in (0, 60))
    assert float(later) < float(start) - 0.1


def test_checkpoints_lie_on_one_course():
    """The network after 20 steps is the start of the last 20 of 40: Adam's state aside, the same data and weights."""
    again = Points((3, 3), points=50, steps=20).network()
    torch.testing.assert_close(again.theta, Points((3, 3), points=50, steps=20).build().theta, rtol=0, atol=0)
    assert not torch.equal(again.theta, Points((3, 3), points=50, steps=40).build().theta)


def test_degree_of_polynomials():
    """The third difference in one unit's bit of a multi-affine function is zero; x_i^2 makes the second differ from zero."""
    for problem, zero in ((Polynomial(3, 2, False), True), (Polynomial(3, 2, True), False)):
        f = problem.network().loss.function
        line = torch.tensor([[t, 1.0, -1.0] for t in (-1.0, 0.0, 1.0)], dtype=torch.float64)
        second = f(line) @ torch.tensor([1.0, -2.0, 1.0], dtype=torch.float64)
        assert (abs(float(second)) < 1e-12) == zero


@pytest.mark.parametrize(("problem", "words"), [
    (Digits(inputs=5), "4, 16 or 64"), (Digits(loss="logistic"), "use cross_entropy")])
def test_refusals(problem, words):
    with pytest.raises(ProblemError, match=words):
        problem.network()


def test_archive_round_trip(tmp_path):
    network = Points((3, 2), loss="logistic", states="01", points=20).build()
    write(tmp_path / "a.npz", network)
    again = Archive(str(tmp_path / "a.npz"), "01", "logistic", "logistic").build()
    torch.testing.assert_close(exact_gradient(again), exact_gradient(network), rtol=0, atol=0)
