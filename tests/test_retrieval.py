"""Retrieval by hand and by counting, the perplexity by a loop, held out documents on the words of the training documents."""

import itertools
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from straightedge.analysis.cell.score import Score, measured
from straightedge.analysis.cell.table import read
from straightedge.analysis.problem import held_out
from straightedge.analysis.problem.autoencoder import Autoencoder
from straightedge.analysis.problem.counts import topics
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.retrieval import Judged, codes, perplexity, precisions, sampled_loss
from straightedge.estimators.sum.truth import exact_loss
from straightedge.experiments import autoencoder
from straightedge.experiments.command.study import perform_study
from straightedge.experiments.runner import perform
from straightedge.experiments.runner.forecast import forecast

pytestmark = pytest.mark.exact
TRAIN = "1 1:1 2:3 3:5\n2 1:1 2:2\n1 1:9 3:1\n"
TEST = "2 2:3 9:4\n1 1:2 3:1\n1 3:1\n"


def test_precision_by_hand():
    """A query at 00: one document at distance 0 (wrong), two at 1 (one right), one at 2 (right).  Of the nearest two: the wrong one and
    one of the pair, right half the time."""
    documents = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).bool()
    found = precisions(documents, torch.tensor([5, 7, 5, 7]), torch.tensor([[0, 0]]).bool(), torch.tensor([7]), 2)
    assert found.tolist() == [0.25]


@pytest.mark.parametrize("nearest", (1, 3, 6))
def test_precision_is_the_mean_over_all_orders(nearest):
    rng = np.random.default_rng(nearest)
    documents, labels, queries, wanted = (rng.integers(0, 2, shape) for shape in ((6, 3), 6, (4, 3), 4))
    bits = torch.as_tensor(documents > 0), torch.as_tensor(queries > 0)
    found = precisions(bits[0], torch.as_tensor(labels), bits[1], torch.as_tensor(wanted), nearest)
    for query, label, value in zip(queries, wanted, found, strict=True):
        orders = [sorted(order, key=lambda one: int((documents[one] != query).sum())) for order in itertools.permutations(range(6))]
        share = np.mean([np.mean(labels[order[:nearest]] == label) for order in orders])
        assert float(value) == pytest.approx(share, abs=1e-12)


def test_perplexity_by_a_loop():
    network = Autoencoder(3, documents=10, vocabulary=20).build()
    counts = topics(10, 20, 3)
    (w, b), (v, c) = [[part.numpy() for part in layer] for layer in network.layers]
    nats = []
    for document in counts:
        scaled = np.log1p(document)
        scaled *= math.sqrt(20) / np.linalg.norm(scaled)
        z = v @ np.where(w @ scaled + b > 0, 1.0, -1.0) + c
        shares = np.exp(z) / np.exp(z).sum()
        nats.append(-(document * np.log(shares)).sum() / document.sum())
    found = perplexity(network, torch.as_tensor(np.vstack((counts, np.zeros(20)))))
    assert found.value == pytest.approx(math.exp(np.mean(nats)), rel=1e-10)
    assert found.low < found.value < found.high
    assert codes(network, network.labels).tolist() == (network.inputs @ network.layers[0][0].T + network.layers[0][1] > 0).tolist()


@pytest.mark.sampled
def test_the_sampled_loss_is_the_exact_one():
    """Within 5 standard errors, 256 passes: one false alarm in a million; two in a hundred more are outside."""
    network = Autoencoder(8, documents=50, vocabulary=50).build()
    found, truth = sampled_loss(network), float(exact_loss(network))
    assert abs(found.value - truth) < 5 * found.error < abs(1.02 * found.value - truth)


def test_generated_documents_are_of_the_same_topics():
    held = held_out.generated(30, 40, 5)
    rng = np.random.default_rng(5)
    words = rng.dirichlet(np.full(40, 0.05), 8)
    counts = topics(30, 40, 5)
    likeliest = [(counts[row] @ np.log(words.T + 1e-9)).argmax() for row in range(30)]
    assert np.mean(np.array(likeliest) == held.labels) > 0.7 and held.labelled
    assert np.mean(np.array([(one @ np.log(words.T + 1e-9)).argmax() for one in held.counts]) == held.test_labels) > 0.7


def files(folder, train=TRAIN, test=TEST):
    paths = [folder / name for name in ("train.svmlight", "test.svmlight")]
    for path, text in zip(paths, (train, test), strict=True):
        path.write_text(text)
    return map(str, paths)


def test_held_out_documents_are_counted_on_the_words_of_training(tmp_path):
    train, test = files(tmp_path)
    held = held_out.held_out(train, test, 3, 2, 0, ())
    assert held.counts.tolist() == [[0, 0], [2, 1], [0, 1]], "of words 1 and 3, the most frequent"
    assert held.labels.tolist() == [1, 2, 1] and held.test_labels.tolist() == [2, 1, 1]


def test_precision_needs_labels_and_documents(tmp_path):
    train, test = files(tmp_path, TRAIN.replace("\n2 ", "\n1 "))
    problem = Autoencoder(2, train, 3, 2)
    assert list(measured(Score(Judged(problem, "auto", test))).records.metric) == ["perplexity"]
    with pytest.raises(ProblemError, match="all have the label 1, and precision needs labels"):
        measured(Score(Judged(problem, "precision", test)))
    with pytest.raises(ProblemError, match="expected --corpus-test FILE"):
        measured(Score(Judged(problem)))
    train, few = files(tmp_path, TRAIN.replace("\n2 ", "\n1 "), "1 1:1\n1 2:1\n")
    with pytest.raises(ProblemError, match="1 held out documents with words"):
        measured(Score(Judged(problem, "auto", few)))
    train, test = files(tmp_path)
    with pytest.raises(ProblemError, match="the corpus has 3 documents"):
        measured(Score(Judged(Autoencoder(2, train, 3, 2), "precision", test)))
    assert list(measured(Score(Judged(Autoencoder(2, train, 3, 2), "precision", test, 2))).records.metric) == ["precision"]


def test_newsgroups_without_a_network_and_with_one(monkeypatch):
    monkeypatch.setattr(held_out, "fetch_20newsgroups", lambda **_: 1 / 0)
    with pytest.raises(ProblemError, match="--corpus-test FILE"):
        held_out.newsgroups(2, 3)
    texts = {"train": ["apple pear apple"] * 10 + ["plum apple"] * 10, "test": ["plum plum kiwi"]}
    monkeypatch.setattr(held_out, "fetch_20newsgroups",
                        lambda subset, remove: SimpleNamespace(data=texts[subset], target=np.arange(len(texts[subset]))))
    held = held_out.newsgroups(20, 2)
    assert held.counts.shape == (1, 2) and held.labels.tolist() == list(range(20)) and held.counts.sum() in (0, 2)


def test_a_forecast_trains_nothing(monkeypatch):
    monkeypatch.setattr(Autoencoder, "network", lambda self: pytest.fail("it was trained"))
    cell = Score(Judged(Autoencoder(40, steps=5, correction=2), "loss"))
    assert cell.problem.steps == 7 and forecast([cell])[cell] < 60


@pytest.mark.endtoend
def test_missing_labels_end_a_run_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train, test = files(tmp_path, TRAIN.replace("\n2 ", "\n1 "))
    with pytest.raises(ProblemError, match="precision needs labels"):
        perform_study("autoencoder", ["--smoke", "--jobs", "1", "--corpus", train, "--corpus-test", test, "--documents", "3",
                                      "--vocabulary", "2", "--quality", "precision"])
    assert not (tmp_path / "results").exists()


@pytest.mark.unit
@pytest.mark.parametrize(("options", "words"), (({}, 300), ({"corpus": "a.svmlight"}, 2000), ({"vocabulary": 40}, 40),
                                                ({"vocabulary": 0}, 0), ({"corpus": "a.svmlight", "vocabulary": 40}, 40)))
def test_words_that_are_not_counted_out(options, words, monkeypatch):
    """As many as a corpus or generated documents usually have; with --paper those of the literature."""
    asked = []
    monkeypatch.setattr(autoencoder, "Autoencoder", lambda *values: asked.append(values[3]) or Autoencoder(3))
    paper = {300: 500, 2000: 10_000}.get(words, words)
    for config, expected in ((autoencoder.Config(bits=(3,), **options), words), (replace(autoencoder.PAPER, bits=(3,), **options), paper)):
        asked.clear()
        autoencoder.cells(config)
        assert set(asked) == {expected}


@pytest.mark.study
def test_study_with_wide_codes_and_retrieval(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = autoencoder.Config(autoencoder.SMOKE.estimators, (20,), quality="auto", documents=100, vocabulary=30, steps=(0, 5),
                                correction=2, rows=20, reference_rows=200)
    table = read(perform.perform(autoencoder.STUDY, config, jobs=1).folder / "summary.csv")
    assert set(autoencoder.losses(table).trainer) == {"disarm", "straight_through"}
    assert (table.metric == "precision").sum() == 4 and set(table[table.metric == "precision"].problem_correction) == {0, 2}
    assert (table[table.metric == "reference_error"].value > 0).all()
    shown = autoencoder.tables(table)
    assert {"precision", "precision, corrected"} <= {*shown.columns}
