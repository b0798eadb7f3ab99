"""Part autoencoder: an epoch of a text autoencoder of 64 bits, with a plain sigmoid bottleneck in their place, and with ARM's ten samples;
the exact gradient of 16 bits over a whole corpus."""

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from straightedge.analysis.problem.autoencoder import Autoencoder
from straightedge.analysis.problem.counts import topics
from straightedge.estimators.catalogue.spelling import estimator_of
from straightedge.estimators.module.unit import Bernoulli
from straightedge.estimators.network.network import Network
from straightedge.estimators.sum.truth import exact_gradient
from straightedge.experiments.bench.timing import seconds

BITS, DOCUMENTS, WORDS, BATCH = 64, 2000, 2000, 100
WHOLE = (16, 11_258, 1_995)
"""Bits, documents and words of the exact gradient: those of a public corpus."""
LIMIT = 30.0
"""Seconds that it may take."""


def model(between: nn.Module) -> nn.Sequential:
    """Words -> bottleneck -> words."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(WORDS, BITS), between, nn.Linear(BITS, WORDS))


def epoch(network: nn.Sequential, counts: Tensor) -> None:
    """One epoch as a training loop makes it, a backward pass a batch."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for batch in counts.split(BATCH):
        optimizer.zero_grad()
        loss = -(batch * torch.log_softmax(network(batch.log1p()), -1)).sum(-1).mean()
        loss.backward()
        optimizer.step()


def estimated(name: str, draws: int, whole: Network, batches: list[Network]) -> None:
    """One epoch with the mean of so many estimates a batch."""
    theta, rng = whole.theta.clone().requires_grad_(), torch.Generator().manual_seed(0)
    optimizer, estimator = torch.optim.Adam([theta], lr=1e-3), estimator_of(name)
    for batch in batches:
        theta.grad = estimator(batch.at(theta.detach()), draws, rng).mean(0)
        optimizer.step()


def split(network: Network) -> list[Network]:
    """The network on one batch of its data after the other."""
    kind = type(network)
    return [kind(network.theta, x, y, network.widths, network.loss, network.outputs, network.noise, network.states)
            for x, y in zip(network.inputs.split(BATCH), network.labels.split(BATCH), strict=True)]


def rows(device: str) -> Iterator[dict]:
    """One row for every way through an epoch, and for the exact gradient; on the processor."""
    if device != "cpu":
        return
    common = {"part": "autoencoder", "case": f"{BITS} bits", "points": DOCUMENTS}
    counts = torch.as_tensor(topics(DOCUMENTS, WORDS, 0)).float()
    problem = Autoencoder(BITS, documents=DOCUMENTS, vocabulary=WORDS)
    network = problem.build().to("cpu", torch.float32)
    ways: dict[str, Callable[[], object]] = {
        "straightedge": partial(epoch, model(Bernoulli("straight_through")), counts),
        "sigmoid bottleneck": partial(epoch, model(nn.Sigmoid()), counts),
        "ARM, 10 samples": partial(estimated, "arm", 10, network, split(network))}
    for way, call in ways.items():
        note = f"an epoch, batches of {BATCH}, {WORDS} words" + (", straight-through" if way == "straightedge" else "")
        yield common | {"method": way, "note": note} | seconds(call, device, 5, 20.0)
    bits, documents, words = WHOLE
    common = {"part": "autoencoder", "case": f"{bits} bits", "points": documents}
    whole = Autoencoder(bits, documents=documents, vocabulary=words).network()
    exact = seconds(partial(exact_gradient, whole), device, 1, 20.0)
    yield common | {"method": "straightedge", "note": f"the exact gradient, {words} words"} | exact
    yield common | {"method": "limit", "seconds": LIMIT, "low": LIMIT, "high": LIMIT, "repeats": 1, "note": "what it may take"}
