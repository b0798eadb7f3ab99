"""Networks of binary units, binary weights, or both, made of the package's modules and torch's.

Before every unit stands batch norm, whose gain is at first `ratio` times the noise's standard deviation: the pre-activations that a
noise meets are as large, in its own unit, whatever the noise.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from straightedge.estimators.base import Rule
from straightedge.estimators.module.unit import Bernoulli
from straightedge.estimators.module.weight import BinaryConv2d, BinaryLinear, BinaryWeight
from straightedge.estimators.network.noise import Noise

Architecture = Literal["dense", "convolution"]
DEVIATION = {"Logistic": 3.141592653589793 / 3**0.5, "Uniform": 3**-0.5, "Triangular": (2 / 3) ** 0.5, "Normal": 1.0}
"""Standard deviations of the noises at slope 1."""


class Scale(nn.Module):
    """Divides by a constant: sums of binary weights have the standard deviation sqrt(n), their number's root."""

    def __init__(self, fan: int):
        super().__init__()
        self.fan = fan

    def forward(self, z: Tensor) -> Tensor:
        return z / self.fan**0.5


def affine(inputs: int, outputs: int, binary: dict | None, size: int = 0, padding: int = 0) -> list[nn.Module]:
    """A layer with real weights, or with binary ones where there are options for them; a convolution where it has a size."""
    fan = inputs * max(1, size) ** 2
    if binary is None:
        return [nn.Conv2d(inputs, outputs, size, padding=padding, bias=False) if size else nn.Linear(inputs, outputs)]
    options = {"bias": False, **binary}
    made = BinaryConv2d(inputs, outputs, size, padding=padding, **options) if size else BinaryLinear(inputs, outputs, **options)
    return [made, Scale(fan)]


def unit(width: int, norm: type, activation: str, rule: Rule, noise: Noise, ratio: float) -> list[nn.Module]:
    """Batch norm and what follows it: Bernoulli units, or tanh."""
    gain = norm(width)
    if activation == "tanh":
        return [gain, nn.Tanh()]
    nn.init.constant_(gain.weight, ratio * DEVIATION[type(noise).__name__])
    return [gain, Bernoulli(rule, noise)]


def dense(inputs: int, widths: tuple[int, ...], classes: int, activation: str, rule: Rule, noise: Noise, ratio: float,
          binary: dict | None) -> nn.Sequential:
    """Layers of units of these widths, one after the other."""
    parts: list[nn.Module] = [nn.Flatten()]
    for width in widths:
        parts += [*affine(inputs, width, binary), *unit(width, nn.BatchNorm1d, activation, rule, noise, ratio)]
        inputs = width
    return nn.Sequential(*parts, *affine(inputs, classes, binary))


def convolution(shape: tuple[int, int, int], widths: tuple[int, ...], classes: int, activation: str, rule: Rule, noise: Noise, ratio: float,
                binary: dict | None) -> nn.Sequential:
    """As VGG: for every width two 3 x 3 convolutions of so many channels, the second with maxima of 2 x 2 before its batch norm."""
    channels, height, width = shape
    parts: list[nn.Module] = []
    for count in widths:
        parts += [*affine(channels, count, binary, 3, 1), *unit(count, nn.BatchNorm2d, activation, rule, noise, ratio)]
        parts += [*affine(count, count, binary, 3, 1), nn.MaxPool2d(2), *unit(count, nn.BatchNorm2d, activation, rule, noise, ratio)]
        channels, height, width = count, height // 2, width // 2
    return nn.Sequential(*parts, nn.Flatten(), *affine(channels * height * width, classes, binary))


def latent(model: nn.Module) -> list[nn.Parameter]:
    """The latent weights of a model."""
    return [module.latent for module in model.modules() if isinstance(module, BinaryWeight)]


def respread(model: nn.Module, width: float) -> None:
    """Latent weights uniform on [-width, width]."""
    for weight in latent(model):
        nn.init.uniform_(weight, -width, width)


def recalibrated(model: nn.Module, x: Tensor) -> None:
    """Batch norm's statistics anew, from one pass over x in which units are as they are in evaluation."""
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches that it sees
        norm.train()
    with torch.no_grad():
        model(x)
    model.eval()
