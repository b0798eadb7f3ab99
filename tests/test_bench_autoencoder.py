"""What the benchmark times is what it says: batches are the whole data, an epoch lowers the loss.  No wall time is compared."""

import pytest
import torch

from straightedge.analysis.problem.autoencoder import Autoencoder
from straightedge.estimators.sum.truth import exact_gradient, exact_loss
from straightedge.experiments.bench import autoencoder
from straightedge.experiments.bench.bench import GOALS

pytestmark = pytest.mark.exact


def test_batches_are_the_whole_data(monkeypatch):
    monkeypatch.setattr(autoencoder, "BATCH", 4)
    network = Autoencoder(3, documents=12, vocabulary=9).build()
    batches = autoencoder.split(network)
    mean = torch.stack([exact_gradient(batch) for batch in batches]).mean(0)
    torch.testing.assert_close(mean, exact_gradient(network), rtol=1e-10, atol=1e-12)
    before = [float(exact_loss(batch)) for batch in batches]
    autoencoder.estimated("exact", 1, network, batches)
    assert [float(exact_loss(batch)) for batch in batches] == before, "the network is not written into"


def test_an_epoch_lowers_the_loss(monkeypatch):
    for name, value in (("WORDS", 30), ("BITS", 5), ("BATCH", 10)):
        monkeypatch.setattr(autoencoder, name, value)
    counts = torch.as_tensor(autoencoder.topics(40, 30, 0)).float()
    network = autoencoder.model(torch.nn.Sigmoid())

    def loss():
        return float(-(counts * torch.log_softmax(network(counts.log1p()).detach(), -1)).sum(-1).mean())

    before = loss()
    for _ in range(20):
        autoencoder.epoch(network, counts)
    assert loss() < 0.98 * before


def test_the_goals_name_what_is_timed():
    assert {(case, points, other) for part, case, points, _, other, _ in GOALS if part == "autoencoder"} == {
        ("64 bits", autoencoder.DOCUMENTS, "sigmoid bottleneck"), ("16 bits", autoencoder.WHOLE[1], "limit")}
