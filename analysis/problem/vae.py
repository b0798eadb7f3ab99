"""Discrete variational autoencoders of images: pixels -> Bernoulli bits -> pixels, at initialisation or after training."""

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from straightedge.analysis.accuracy.interval import Estimate
from straightedge.analysis.problem.archive import stamp
from straightedge.analysis.problem.classification import initial
from straightedge.analysis.problem.course import Course
from straightedge.analysis.problem.image import images as read
from straightedge.analysis.problem.image import images_file
from straightedge.analysis.problem.problem import ProblemError
from straightedge.analysis.problem.scored import Scored
from straightedge.analysis.problem.trained import Trained
from straightedge.analysis.store.checkpoint import checkpoints
from straightedge.estimators.network.error import Unsuitable
from straightedge.estimators.network.network import SIGNS
from straightedge.estimators.network.pixel import Pixels
from straightedge.estimators.sampling.sample import draw
from straightedge.estimators.sum.truth import exact_loss, require_exact
from straightedge.estimators.sum.variational import Variational, divergence

PASSES = 256
"""Sampled passes for the loss where it cannot be exact; given q, the divergence is exact there too."""


@dataclass(frozen=True)
class ImageAutoencoder(Scored, Trained):
    """Inputs are the pixels less their mean over the images, over their common standard deviation; the output biases begin at the logits of
    these means.  The loss is the negative ELBO in nats an image, the prior fair coins."""

    prefix: ClassVar[str] = "vae"
    told: ClassVar[tuple[str, ...]] = ("bits", "steps", "images", "stamp")
    bits: int = 12
    """Bernoulli units of the code."""
    images: str | None = None
    """A folder of images in IDX format; the digits that scikit-learn ships if not given."""
    points: int = 500
    """Images."""
    steps: int = 0
    """Steps of Adam with the trainer."""
    trainer: str = "exact"
    rate: float = 0.01
    seed: int = 0
    """Of the choice of images, initial weights and training."""
    device: str = "cpu"
    """Where it is trained."""
    stamp: tuple = field(default=(), init=False, repr=False)
    """Where and of when the file of images is."""

    def __post_init__(self):
        if min(self.bits, self.points) < 1:
            raise ProblemError(f"vae: {self.bits} bits, {self.points} images; expected 1 at least")
        if self.images is not None:
            object.__setattr__(self, "stamp", stamp(images_file(Path(self.images))))

    def network(self):
        pixels = torch.as_tensor(data(self.images, self.points, self.seed, self.stamp))
        share = (pixels.sum(0) + 1) / (len(pixels) + 2)
        centred = pixels - pixels.mean(0)
        inputs = centred / centred.square().mean().sqrt().clamp_min(1e-12)
        weights, biases = initial((inputs.shape[1], self.bits, inputs.shape[1]), 1.0, SIGNS, self.seed)
        biases[1] = torch.logit(share)
        network = Variational.of(weights, biases, inputs, pixels, Pixels())
        if not self.steps:
            return network
        name, values = self.course()
        course = Course(self.trainer, self.steps, self.rate, self.seed)
        return course.on(self.device, network, values, checkpoints() / name)

    def scores(self):
        network = self.build()
        try:
            require_exact(network)
        except Unsuitable:
            return {"loss": sampled_loss(network)}
        return {"loss": Estimate.exact(float(exact_loss(network)))}

    @property
    def title(self):
        source = Path(self.images).name if self.images else "digits"
        return f"{source} {self.bits} bits, {f'{self.steps} steps' if self.steps else 'initial'}"

    def values(self):
        plain = {name: value for name, value in super().values().items() if name != "stamp"}
        if self.images is None:
            return plain | {"images": "digits"}
        pixels = data(self.images, self.points, self.seed, self.stamp)
        return plain | {"images": Path(self.images).name, "sha256": sha256(pixels.tobytes()).hexdigest()}


@torch.no_grad()
def sampled_loss(network: Variational) -> Estimate:
    """The negative ELBO: the likelihood by sampled codes, with the error of their number, the divergence exact."""
    rng, metered = torch.Generator().manual_seed(0), network.metered()
    passes = torch.stack([draw(metered, metered.uniform(rng, 1)).value.mean() for _ in range(PASSES)])
    return Estimate.normal(float(passes.mean() + divergence(network).mean()), float(passes.std()) / PASSES**0.5, PASSES - 1)


@lru_cache(maxsize=8)
def data(folder: str | None, points: int, seed: int, stamp: tuple) -> np.ndarray:
    """The pixels, once per process and state of the file."""
    return read(folder, points, seed)
