"""Discrete autoencoders of images: courses that are killed go on bit for bit, checkpoints of others are refused, folders of images are
read or refused in a sentence, the study is complete."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.pyplot import close

from straightedge.analysis.cell.score import Score, measured
from straightedge.analysis.cell.table import read
from straightedge.analysis.figure.ranking import Order, orders
from straightedge.analysis.problem import course, image, vae
from straightedge.analysis.problem.bernoulli import BernoulliWeights
from straightedge.analysis.problem.course import Course
from straightedge.analysis.problem.image import images
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.vae import ImageAutoencoder, sampled_loss
from straightedge.analysis.store.checkpoint import VARIABLE
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.network.error import InputError
from straightedge.estimators.sum.truth import exact_gradient, exact_loss
from straightedge.experiments import vae as study
from straightedge.experiments.command.study import perform_study
from straightedge.experiments.runner import perform

pytestmark = pytest.mark.exact
SMALL = ImageAutoencoder(3, points=10)
VALUES = {"rate": 0.01, "code": "a"}
MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist10k"


class Killed(BaseException):
    """What ends a course in the middle."""


@pytest.mark.parametrize("trainer", ("straight_through", "rodeo:learning_steps=3,learning_samples=40"))
@pytest.mark.parametrize("killed", (4, 9))
def test_a_killed_course_goes_on_bit_for_bit(killed, trainer, tmp_path, monkeypatch):
    """The estimators sample and one of them learns, so that the generator's state and what was learned count."""
    network, plan = SMALL.build(), Course(trainer, 11, 0.01)
    monkeypatch.setattr(course, "RENEWED", 3)
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
    assert len(left) == 11 - killed + killed % 2, "it went on from the last even step"


def test_a_longer_course_begins_where_a_shorter_one_ended(tmp_path, monkeypatch):
    network, path = SMALL.build(), tmp_path / "course"
    whole = Course("disarm", 9, 0.01)(network, VALUES).theta
    Course("disarm", 5, 0.01)(network, VALUES, path)
    real, steps = course.estimates, []
    monkeypatch.setattr(course, "estimates", lambda *arguments: (steps.append(1), real(*arguments))[1])
    assert torch.equal(Course("disarm", 9, 0.01)(network, VALUES, path).theta, whole) and len(steps) == 4
    assert {one.name for one in tmp_path.iterdir()} == {"course-5.npz", "course-9.npz"}


def test_a_checkpoint_of_another_configuration_is_refused(tmp_path):
    network, path = SMALL.build(), tmp_path / "course"
    Course("straight_through", 5, 0.02)(network, VALUES | {"rate": 0.02}, path)
    before = (tmp_path / "course-5.npz").read_bytes()
    with pytest.raises(ProblemError, match="another configuration .rate 0.02 in the place of 0.01.; expected one of this course"):
        Course("straight_through", 7, 0.01)(network, VALUES, path)
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [before]
    with np.load(tmp_path / "course-5.npz", allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files if name != "rng"}
    np.savez(tmp_path / "course-5.npz", **parts)
    with pytest.raises(ProblemError, match="lacks a part"):
        Course("straight_through", 7, 0.02)(network, VALUES | {"rate": 0.02}, path)


def test_training_with_the_exact_gradient_is_adam_by_hand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = SMALL.build()
    theta = network.theta.clone().requires_grad_()
    adam = torch.optim.Adam([theta], lr=0.01)
    for _ in range(5):
        theta.grad = exact_gradient(network.at(theta.detach()))
        adam.step()
    trained = ImageAutoencoder(3, points=10, steps=5).network()
    assert torch.equal(trained.theta, theta.detach()) and float(exact_loss(trained)) < float(exact_loss(network))


@pytest.mark.sampled
def test_the_sampled_loss_is_the_exact_one():
    """Within 5 standard errors, 256 passes: one false alarm in a million; the loss without the divergence is outside."""
    network = ImageAutoencoder(8, points=20, seed=1).build()
    found, truth = sampled_loss(network), float(exact_loss(network))
    assert abs(found.value - truth) < 5 * found.error < abs(found.value - truth + float(vae.divergence(network).mean()))


def test_beyond_what_is_exact_the_score_is_sampled(monkeypatch):
    wide = ImageAutoencoder(200, points=5)
    score, = measured(Score(wide)).records.to_dict("records")
    assert (score["metric"], score["method"]) == ("loss", "sampled") and score["low"] < score["value"] < score["high"]
    assert Score(wide).key() != Score(ImageAutoencoder(200, points=6)).key()
    with pytest.raises(ProblemError, match="no scores"):
        measured(Score(BernoulliWeights()))


def idx(values):
    """A file in IDX format."""
    return bytes((0, 0, 8, 3)) + b"".join(size.to_bytes(4, "big") for size in values.shape) + values.astype(np.uint8).tobytes()


GREYS = np.arange(5 * 2 * 3).reshape(5, 2, 3) * 8
RANDOM = np.random.default_rng(0).integers(0, 256, (9, 25, 25))


@pytest.mark.parametrize("packed", (False, True))
def test_a_folder_of_images(packed, tmp_path):
    path = tmp_path / ("t10k-images-idx3-ubyte.gz" if packed else "t10k-images-idx3-ubyte")
    path.write_bytes(gzip.compress(idx(GREYS), mtime=0) if packed else idx(GREYS))
    found = images(str(tmp_path), 5, 0)
    order = np.random.default_rng(0).permutation(5)
    assert found.tolist() == [[float(grey >= 127.5) for grey in GREYS[one].ravel()] for one in order]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(GREYS[:2]))
    assert images(str(tmp_path), 2, 0).shape == (2, 6), "the training images go before"


@pytest.mark.parametrize(("content", "words"), (
    (idx(GREYS)[:-7], "ends before the last of its 5"), (gzip.compress(idx(GREYS), mtime=0)[:-5], "ends before"),
    (gzip.compress(idx(RANDOM), mtime=0)[:-999], "ends before"), (gzip.compress(idx(GREYS), mtime=0)[:-8] + b"12345678", "cannot be read"),
    (gzip.compress(b"0" * 99, mtime=0), "head is not that of images"), (idx(GREYS)[:4] + b"\x7f" * 12, "GiB at most"), (b"", "head is not"),
    (None, "no file of images"),
    (idx(GREYS), "5 images; expected the 6 of --points")), ids=range(9))
def test_what_is_no_folder_of_images_is_refused(content, words, tmp_path):
    if content is not None:
        packed = content[:2] == b"\x1f\x8b"
        (tmp_path / f"train-images-idx3-ubyte{'.gz' if packed else ''}").write_bytes(content)
    with pytest.raises(ProblemError, match=words):
        images(str(tmp_path), 6, 0)


def test_no_folder(tmp_path):
    with pytest.raises(ProblemError, match="no such folder"):
        ImageAutoencoder(images=str(tmp_path / "none"))
    (tmp_path / "idx3.gz").write_bytes(b"no gzip")
    with pytest.raises(ProblemError, match="cannot be read"):
        image.idx(tmp_path / "idx3.gz")


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"{MNIST} is absent")
def test_mnist():
    found = images(str(MNIST), 200, 0)
    assert found.shape == (200, 784) and set(np.unique(found)) == {0.0, 1.0} and 0.05 < found.mean() < 0.25


def test_published_orders():
    """Three networks by hand: differences -2, -1, -3, so -2 and 4.303 / 3^(1/2) around it, which reaches over zero."""
    losses = {("a", seed): 10.0 + seed for seed in range(3)} | {("b", seed): 10.0 + seed + step for seed, step in enumerate((2, 1, 3))}
    ends = pd.DataFrame([{"problem_bits": 4, "problem_steps": 9, "trainer": name, "problem_seed": seed, "value": value}
                         for (name, seed), value in losses.items()])
    found = orders(ends, [Order("a", "b", "them"), Order("b", "a", "us"), Order("a", "c", "none")])
    assert list(found.value) == [-2, 2] and found.half.tolist() == pytest.approx([4.30265 / 3**0.5] * 2, rel=1e-4)
    assert list(found.holds) == ["cannot tell"] * 2
    tight = ends.assign(value=ends.value.where(ends.trainer == "a", ends.value.where(ends.trainer == "a", 12.0 + ends.problem_seed)))
    assert list(orders(tight, [Order("a", "b", ""), Order("b", "a", "")]).holds) == ["holds", "reversed"]


def test_reinmax_is_zgr():
    network = SMALL.build()
    rows = [estimator_of(name)(network, 5, torch.Generator().manual_seed(0)) for name in ("reinmax", "zgr")]
    torch.testing.assert_close(*rows, rtol=1e-9, atol=1e-12)


@pytest.mark.study
def test_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = read(perform.perform(study.STUDY, study.SMOKE, jobs=1).folder / "summary.csv")
    ends = study.losses(table)
    assert len(ends) == 3 * 2 * 2, "three trainers, two checkpoints, two networks"
    assert ends[ends.problem_steps == 0].groupby("problem_seed").value.nunique().eq(1).all(), "the beginning is common"
    first = ImageAutoencoder(3, points=20, seed=1).build()
    assert ends[(ends.problem_steps == 0) & (ends.problem_seed == 1)].value.iloc[0] == pytest.approx(float(exact_loss(first)), rel=1e-5)
    for draw in (study.figure, study.ranked):
        drawing = draw(table)
        close(drawing)


@pytest.mark.unit
def test_a_device_that_is_not_here_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("vae", "autoencoder", "classification", "latent_weights"):
        with pytest.raises(InputError, match="device: 'cuda:77' is not here; expected one of cpu"):
            perform_study(name, ["--smoke", "--device", "cuda:77"])
    assert not list(tmp_path.iterdir())


@pytest.mark.endtoend
def test_checkpoints_go_below_the_folder_of_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    assert perform_study("vae", ["--smoke", "--jobs", "1", "--networks", "1", "--rate", "0.02", "--results", "there"]) == 0
    assert len([*(tmp_path / "there" / "checkpoint").glob("vae-*-20.npz")]) == 3 and not (tmp_path / "results").exists()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(GREYS)[:-7])
    with pytest.raises(ProblemError, match="ends before the last of its 5"):
        perform_study("vae", ["--smoke", "--jobs", "1", "--images", str(tmp_path), "--points", "3", "--results", "other"])
    assert not (tmp_path / "other").exists()


@pytest.mark.endtoend
def test_a_run_beside_another_configurations_checkpoint_is_refused_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    run = ["--smoke", "--jobs", "1", "--networks", "1", "--only", "straight_through"]
    assert perform_study("vae", [*run, "--rate", "0.03", "--results", "there"]) == 0
    folder = tmp_path / "there" / "checkpoint"
    first = {path.name for path in folder.iterdir()}
    assert perform_study("vae", [*run, "--rate", "0.04", "--results", "there"]) == 0
    second = next(path for path in sorted(folder.iterdir()) if path.name not in first)
    second.write_bytes((folder / sorted(first)[0]).read_bytes())
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "there").rglob("*")}
    with pytest.raises(ProblemError, match="another configuration .*rate 0.03 in the place of 0.04"):
        perform_study("vae", [*run, "--rate", "0.04", "--rows", "60", "--results", "there"])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "there").rglob("*")} == before
