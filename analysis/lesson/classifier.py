"""Learning to classify images with binary units, binary weights, or both."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from straightedge.analysis.lesson.architecture import Architecture, convolution, dense, latent, respread
from straightedge.analysis.lesson.checkpoint import EVERY, Checkpoint
from straightedge.analysis.lesson.evaluation import errors
from straightedge.analysis.lesson.labelled import READER, Labelled, labelled
from straightedge.analysis.lesson.lesson import Found, Task
from straightedge.analysis.lesson.method import require_way, way
from straightedge.analysis.problem.archive import stamp
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.store.checkpoint import checkpoints
from straightedge.analysis.store.key import key
from straightedge.estimators.catalogue.spelling import words_of
from straightedge.estimators.network.error import nearest
from straightedge.estimators.network.word import noise_of
from straightedge.estimators.optimizer.sign import Sign

REAL = 0.01
"""Adam's rate for what is real in a network of Bernoulli weights: the gains and shifts of batch norm."""
NOISES = ("logistic", "uniform", "triangular", "normal")


@dataclass(frozen=True)
class Classifier(Task):
    """Cross-entropy of mini-batches; Adam on all real parameters; Bernoulli weights are moved their own way.

    The rule is that of the units; of the weights where units are tanh."""

    told: ClassVar[tuple[str, ...]] = ("images", "stamp", "widths", "architecture")
    images: str | None = None
    """A folder in IDX format, or cifar10; the digits of scikit-learn if not given."""
    points: int = 0
    """The first so many images; all for 0."""
    architecture: Architecture = "dense"
    widths: tuple[int, ...] = (64, 64)
    """Units of each layer, or channels of each pair of convolutions."""
    activation: Literal["bernoulli", "tanh"] = "bernoulli"
    noise: str = "logistic"
    """Of the units: logistic, uniform, triangular or normal."""
    ratio: float = 1.0
    """Initial standard deviation of pre-activations behind batch norm, in that of the noise."""
    binary: bool = False
    """Whether all weights are Bernoulli, drawn once for each mini-batch."""
    way: str = "adam"
    """How those are learned."""
    scale: float = 1.0
    """Of latent weights, in units of their noise."""
    spread: float = 1.0
    """Half the width of the uniform initial latent weights, in units of the scale."""
    decay: float = 0.0
    rate: float = 0.01
    """Of Adam; where there are latent weights, of these, and 0.01 of Adam for the rest."""
    steps: int = 200
    batch: int = 100
    samples: int = 1
    """Of the network for each mini-batch; of more, the probabilities are averaged before the logarithm."""
    device: str = "cpu"
    """Where it is trained and asked."""
    stamp: tuple = field(default=(), init=False, repr=False)
    """Where and of when the images are."""

    def __post_init__(self):
        require_way(self.way)
        if self.noise not in NOISES:
            raise ProblemError(nearest(self.noise, NOISES, "noise"))
        if min(self.steps, self.batch, self.samples, *self.widths) < 1 or self.points < 0:
            raise ProblemError(f"classifier: {self.steps} steps, batches of {self.batch}, {self.samples} samples, widths {self.widths}; "
                               "expected whole numbers from 1")
        if self.images not in (None, "cifar10"):
            object.__setattr__(self, "stamp", stamp(Path(self.images)))

    def makers(self):
        return (READER,) if self.images else ()

    @property
    def title(self):
        source = Path(self.images).name if self.images else "digits"
        return f"{source} {self.architecture} {'-'.join(map(str, self.widths))}"

    def values(self):
        plain = {name: value for name, value in super().values().items() if name != "stamp"}
        if self.images is None:
            return plain
        found = labelled(self.images, self.points)
        digest = sha256(found.train[0].numpy().tobytes() + found.test[0].numpy().tobytes()).hexdigest()
        return plain | {"images": Path(self.images).name, "sha256": digest}

    def model(self, rule, shape: tuple[int, ...], classes: int) -> nn.Module:
        """The network as initialised, from torch's generator."""
        binary, noise = None, noise_of(self.noise)
        if self.binary:
            plan = self.plan(0)
            binary = {"rule": rule if self.activation == "tanh" else plan.rule, "noise": plan.noise}
        options = (self.widths, classes, self.activation, rule, noise, self.ratio, binary)
        made = (dense(int(torch.tensor(shape).prod()), *options) if self.architecture == "dense"
                else convolution((shape[0], shape[1], shape[2]), *options))
        respread(made, self.scale * self.spread)
        return made

    def plan(self, points: int):
        """How the Bernoulli weights are learned."""
        return way(self.way, self.rate, self.scale, self.decay, points, self.steps)

    def optimizers(self, model: nn.Module, points: int) -> list[torch.optim.Optimizer]:
        """Adam for what is real, and the way of the latent weights."""
        weights = latent(model)
        rest = [one for one in model.parameters() if not any(one is weight for weight in weights)]
        if not weights:
            return [torch.optim.Adam(rest, lr=self.rate)]
        return [torch.optim.Adam(rest, lr=REAL), self.plan(points).optimizer(weights)]

    def learn(self, rule, seeds, report):
        return [self.course(rule, seed, report) for seed in range(seeds)]

    def course(self, rule, seed: int, report) -> Found:
        """Trains once and asks the network in every way."""
        data = labelled(self.images, self.points)
        with torch.random.fork_rng(devices=[] if self.device == "cpu" else [self.device]):
            torch.manual_seed(seed)
            return {"all": self.trained(rule, data, seed, report)}

    def trained(self, rule, data: Labelled, seed: int, report) -> dict[str, float]:
        """What the network is after its steps; long courses go on from their checkpoint."""
        data = data.to(self.device)
        x, y = data.train
        model = self.model(rule, tuple(x.shape[1:]), data.classes).to(self.device)
        optimizers, values = self.optimizers(model, len(x)), self.values() | {"rule": words_of(rule), "seed": seed}
        place = checkpoints() / f"classifier-{key(values, (__name__, type(rule).__module__))}.npz"
        checkpoint = Checkpoint(place, values, model, optimizers)
        done = checkpoint.load() if self.steps > EVERY else 0
        model.train()
        for step, chosen in enumerate(batches(len(x), min(self.batch, len(x)), self.steps, seed)):
            if step < done:
                continue
            before = [one.detach().clone() for one in latent(model)]
            model.zero_grad()
            loss = self.loss(model, x[chosen], y[chosen])
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            report(1, float(loss.detach()))
            if (step + 1) % EVERY == 0 and step + 1 < self.steps:
                checkpoint.save(step + 1)
        return errors(model, data) | (self.latent_numbers(latent(model), before) if self.binary else {})

    def loss(self, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Of a mini-batch: cross-entropy of a sample, or of the mean probability of several."""
        if self.samples == 1:
            return nn.functional.cross_entropy(model(x), y)
        logs = torch.stack([model(x).log_softmax(-1) for _ in range(self.samples)]).logsumexp(0)
        return nn.functional.nll_loss(logs, y)

    def latent_numbers(self, weights: list[nn.Parameter], before: list[Tensor]) -> dict[str, float]:
        """Bits of entropy a Bernoulli weight has; the mean size of latent weights in units of the scale; the share whose sign the last
        step changed."""
        now, old = (torch.cat([one.detach().flatten() for one in ones]).double() for ones in (weights, before))
        p = self.plan(0).noise.cdf(now)
        entropy = -(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p)).mean() / math.log(2)
        return {"entropy": 0.0 if isinstance(self.plan(0).rule, Sign) else float(entropy), "size": float(now.abs().mean()) / self.scale,
                "flips": float(((now > 0) != (old > 0)).double().mean())}


def batches(points: int, size: int, steps: int, seed: int) -> Iterator[Tensor]:
    """The numbers of the points of each mini-batch: every epoch a new order, what does not fill a batch left out."""
    order, rng = torch.empty(0, dtype=torch.long), torch.Generator().manual_seed(seed)
    for _ in range(steps):
        if len(order) < size:
            order = torch.randperm(points, generator=rng)
        yield order[:size]
        order = order[size:]
