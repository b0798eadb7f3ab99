"""Courses of classifiers: killed ones go on bit for bit, data are whole or refused, networks are asked as they say."""

import gzip

import numpy as np
import pytest
import torch
from torch import nn

import straightedge as se
from straightedge.analysis.lesson import checkpoint, classifier, evaluation
from straightedge.analysis.lesson.architecture import convolution, dense, latent
from straightedge.analysis.lesson.classifier import Classifier, batches
from straightedge.analysis.lesson.enumerated import Enumerated
from straightedge.analysis.lesson.labelled import labelled
from straightedge.analysis.lesson.lesson import Lesson
from straightedge.analysis.problem.problem import ProblemError
from straightedge.estimators.arm import Arm
from straightedge.estimators.deterministic import Deterministic
from straightedge.estimators.gumbel_softmax import GumbelSoftmax
from straightedge.estimators.network.error import InputError
from straightedge.estimators.network.noise import LOGISTIC
from straightedge.estimators.straight_through import StraightThrough

pytestmark = pytest.mark.exact
SMALL = Classifier(points=200, widths=(5,), batch=20, steps=8, binary=True, way="bop", rate=30.0)


def silent(steps, loss):
    """Hears nothing."""


class Killed(BaseException):
    """What ends a course in the middle."""


@pytest.mark.parametrize("way", ("adam", "bop", "md_tanh"))
def test_a_killed_course_goes_on_bit_for_bit(way, tmp_path, monkeypatch):
    """Killed after five of eight steps, saved after the third; units sample, so the generator's state counts, and the optimisers'."""
    monkeypatch.chdir(tmp_path)
    task = Classifier(points=200, widths=(5,), batch=20, steps=8, binary=True, way=way, rate=30.0)
    whole = task.course(StraightThrough(), 0, silent)
    monkeypatch.setattr(classifier, "EVERY", 3)
    left = []

    def mortal(steps, loss):
        left.append(steps)
        if len(left) == 5:
            raise Killed

    with pytest.raises(Killed):
        task.course(StraightThrough(), 0, mortal)
    left.clear()
    assert task.course(StraightThrough(), 0, lambda steps, loss: left.append(steps)) == whole
    assert len(left) == 5, "it went on from the third step"


def test_a_checkpoint_of_another_course_is_refused(tmp_path):
    model = nn.Linear(2, 1)
    path, adam = tmp_path / "course.npz", torch.optim.Adam(model.parameters())
    checkpoint.Checkpoint(path, {"rate": 1}, model, [adam]).save(4)
    assert checkpoint.Checkpoint(path, {"rate": 1}, model, [adam]).load() == 4
    with pytest.raises(ProblemError, match="another configuration"):
        checkpoint.Checkpoint(path, {"rate": 2}, model, [adam]).load()
    with pytest.raises(ProblemError, match="lacks a part"):
        checkpoint.Checkpoint(path, {"rate": 1}, nn.Sequential(model), [adam]).load()


def write_folder(folder, count=120, labels=None, cut=0):
    """A folder in IDX format."""
    images = np.random.default_rng(0).integers(0, 256, (count, 4, 4), dtype=np.uint8)
    classes = np.arange(count if labels is None else labels, dtype=np.uint8) % 3
    folder.mkdir(exist_ok=True)
    head = bytes((0, 0, 8, 3)) + b"".join(size.to_bytes(4, "big") for size in images.shape)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
    tail = bytes((0, 0, 8, 1)) + len(classes).to_bytes(4, "big") + classes.tobytes()
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(tail[: len(tail) - cut]))
    return images, classes


def test_a_folder_of_images_is_divided_in_three(tmp_path):
    images, classes = write_folder(tmp_path / "images")
    data = labelled(str(tmp_path / "images"), 0)
    x = torch.cat([part[0] for part in (data.train, data.validation, data.test)])
    assert [len(part[1]) for part in (data.train, data.validation, data.test)] == [54, 12, 54] and data.classes == 3
    assert float(data.train[0].mean()) == pytest.approx(0, abs=1e-6) and float(data.train[0].std()) == pytest.approx(1)
    scaled = (images - images.mean()) / images.std()
    mine = sorted(np.corrcoef(part.ravel(), scaled[0].ravel())[0, 1] for part in x.numpy())
    assert mine[-1] == pytest.approx(1), "the first image is one of them, up to shift and scale"
    assert sorted(torch.cat([part[1] for part in (data.train, data.validation, data.test)]).tolist()) == sorted(classes.tolist())


@pytest.mark.parametrize(("options", "words"), (
    ({"cut": 3}, "holds 117 labels and says 120"), ({"labels": 100}, "120 images and 100 labels"),
    ({"count": 50}, "50 images; expected 100")))
def test_a_folder_that_is_not_whole_is_refused(options, words, tmp_path):
    write_folder(tmp_path / "images", **options)
    with pytest.raises(ProblemError, match=words):
        labelled(str(tmp_path / "images"), 0)


def test_labels_that_are_not_there_are_refused(tmp_path):
    write_folder(tmp_path / "images")
    (tmp_path / "images" / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ProblemError, match="no labels beside"):
        labelled(str(tmp_path / "images"), 0)


@pytest.mark.parametrize("rule", (StraightThrough(), GumbelSoftmax()))
def test_networks_are_asked_with_hard_states_whatever_trained_them(rule):
    """By the mean: numpy's tanh; the likeliest: its sign; a sample: states of which the mean is the mean, within five standard errors, a
    false alarm in two million for each of six units."""
    unit, a = se.Bernoulli(rule), torch.tensor([[-2.0, -0.3, 0.1, 0.5, 1.0, 4.0]]).repeat(20_000, 1)
    model = nn.Sequential(nn.Identity(), unit)
    mean = np.tanh(a[0].numpy() / 2)
    np.testing.assert_allclose(evaluation.answer(model, a, "mean")[0].numpy(), mean, rtol=1e-5)
    assert evaluation.answer(model, a, "likeliest")[0].tolist() == np.sign(mean).tolist()
    torch.manual_seed(0)
    sample = evaluation.answer(model, a, "sample").numpy()
    assert set(np.unique(sample)) == {-1.0, 1.0}
    assert (np.abs(sample.mean(0) - mean) < 5 * np.sqrt((1 - mean**2) / len(a))).all()
    assert unit.rule == rule and unit.mode == "sample"


def test_networks_without_noise_are_signs_in_any_way():
    model, a = nn.Sequential(nn.Identity(), se.Bernoulli(Deterministic())), torch.tensor([[-0.1, 0.1, 2.0]])
    for way in ("likeliest", "mean", "sample"):
        assert evaluation.answer(model, a, way).tolist() == [[-1.0, 1.0, 1.0]]


def test_errors_are_counted():
    z = torch.tensor([[1.0, 2.0], [3.0, 0.0], [float("nan"), 1.0], [0.0, 1.0]])
    assert evaluation.wrong(z, torch.tensor([1, 1, 1, 0])) == 0.5


@pytest.mark.unit
def test_models():
    options = (3, "bernoulli", StraightThrough(), LOGISTIC, 2.0)
    real = convolution((1, 8, 8), (4, 6), *options, None)
    assert real(torch.randn(5, 1, 8, 8)).shape == (5, 3) and not latent(real)
    binary = dense(16, (4, 6), *options, {"rule": "identity"})
    assert binary(torch.randn(5, 1, 4, 4)).shape == (5, 3) and sum(one.numel() for one in latent(binary)) == 16 * 4 + 4 * 6 + 6 * 3
    gains = [module.weight for module in binary.modules() if isinstance(module, nn.BatchNorm1d)]
    assert [float(gain.detach().mean()) for gain in gains] == pytest.approx([2 * np.pi / np.sqrt(3)] * 2)


@pytest.mark.unit
def test_batches_hold_every_point_once_an_epoch():
    found = list(batches(10, 5, 4, 0))
    assert [sorted(torch.cat(found[place:place + 2]).tolist()) for place in (0, 2)] == [list(range(10))] * 2


@pytest.mark.unit
def test_what_cannot_be_learned_is_refused():
    with pytest.raises(InputError, match="expected a rule"):
        Lesson(SMALL, Arm(), 8, 2).records(silent)
    with pytest.raises(InputError, match="unknown way"):
        Enumerated(way="bopp")
    with pytest.raises(ProblemError, match="at most 5, 20 weights"):
        Enumerated(units=6)
    with pytest.raises(InputError, match="course of training"):
        SMALL.network()
